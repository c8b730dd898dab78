#include "keystore_internal.h"

MU_BAG *mu_p12_secret_open(mu_bytes raw, MU_CONTENT **ret_content, mu_err **err)
{
    MU_BAG *bag = mu_item_read(ASN1_ITEM_rptr(MU_BAG), raw, "a secret bag", err);
    if (bag && (*ret_content = mu_item_read(ASN1_ITEM_rptr(MU_CONTENT), mu_bytes_of(bag->value->value.sequence), "a secret bag",
                                            err)))
        return bag;
    ASN1_item_free((ASN1_VALUE *)bag, ASN1_ITEM_rptr(MU_BAG));
    return NULL;
}

bool mu_p12_secret_shrouded(const MU_CONTENT *content)
{
    return OBJ_obj2nid(content->type) == NID_pkcs8ShroudedKeyBag && content->content &&
           content->content->type == V_ASN1_OCTET_STRING;
}

static int reshroud(mu_store *store, const mu_pbe *pbe, mu_bytes old, const char *password, bool charge, mu_bytes *ret,
                    mu_err **err)
{
    mu_bytes p8 = {NULL, 0};
    int rc = mu_p8_unshroud(&store->crypt, old, store->password.value ? store->password.value : password, charge,
                            MU_E_KEY_PASSWORD_DIFFERS, &p8, err);
    if (rc == 0)
        rc = mu_p8_shroud(&store->crypt, pbe, password, p8, ret, err);
    mu_bytes_clear(&p8);
    return rc;
}

static int put_string(ASN1_STRING *string, mu_bytes value, mu_err **err)
{
    return ASN1_STRING_set(string, value.data, (int)value.len) ? 0 : mu_fail_nomem(err);
}

static int reprotect_secret(mu_entry *entry, const mu_pbe *pbe, const char *password, mu_bytes *ret, mu_err **err)
{
    mu_bytes value = {NULL, 0}, shrouded = {NULL, 0};
    MU_CONTENT *content = NULL;
    int rc = -1;
    MU_BAG *bag = mu_p12_secret_open(entry->payload, &content, err);
    if (!bag)
        goto out;
    if (!mu_p12_secret_shrouded(content)) {
        rc = mu_bytes_set(ret, entry->payload.data, entry->payload.len, err); /* not the JDK's: nothing we could decrypt */
        goto out;
    }
    ASN1_STRING *inner = content->content->value.octet_string;
    if (reshroud(entry->store, pbe, mu_bytes_of(inner), password, !entry->paid, &shrouded, err) == 0 &&
        put_string(inner, shrouded, err) == 0 && mu_item_write(content, ASN1_ITEM_rptr(MU_CONTENT), &value, err) == 0 &&
        put_string(bag->value->value.sequence, value, err) == 0)
        rc = mu_item_write(bag, ASN1_ITEM_rptr(MU_BAG), ret, err);
out:
    mu_bytes_clear(&value);
    mu_bytes_clear(&shrouded);
    ASN1_item_free((ASN1_VALUE *)content, ASN1_ITEM_rptr(MU_CONTENT));
    ASN1_item_free((ASN1_VALUE *)bag, ASN1_ITEM_rptr(MU_BAG));
    return rc;
}

static bool is_protected(const mu_entry *entry)
{
    return (entry->kind == MU_ENTRY_SECRET && entry->payload.data) || (entry->kind == MU_ENTRY_KEY && entry->form == MU_KEY_SHROUDED);
}

int mu_p12_reprotect(mu_store *store, const mu_pbe *pbe, const char *password, mu_err **err)
{
    mu_bytes *fresh = calloc(store->count + 1, sizeof *fresh);
    int rc = fresh ? 0 : mu_fail_nomem(err);
    for (size_t i = 0; rc == 0 && i < store->count; i++) {
        mu_entry *entry = store->entries[i];
        if (!is_protected(entry))
            continue;
        rc = entry->kind == MU_ENTRY_SECRET ? reprotect_secret(entry, pbe, password, &fresh[i], err)
                                            : reshroud(store, pbe, entry->payload, password, !entry->paid, &fresh[i], err);
    }
    if (rc == 0 && password != store->password.value)
        rc = mu_secret_set(&store->password, password, strlen(password), err);
    for (size_t i = 0; fresh && i < store->count; i++) {
        mu_entry *entry = store->entries[i];
        if (rc == 0 && fresh[i].data) {
            mu_bytes old = entry->payload;
            entry->payload = fresh[i];
            fresh[i] = old;
            entry->paid = true;
        }
        mu_bytes_clear(&fresh[i]);
    }
    free(fresh);
    return rc;
}
