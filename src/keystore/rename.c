#include "keystore_internal.h"

/* A secret's bag is kept as it stood in the file, its name inside. */
static int rename_bag(mu_entry *entry, mu_err **err)
{
    MU_BAG *bag = mu_item_read(ASN1_ITEM_rptr(MU_BAG), entry->payload, "a secret bag", err);
    STACK_OF(X509_ATTRIBUTE) *attrs = NULL;
    mu_bytes der = {NULL, 0}, id = {NULL, 0};
    char *name = NULL, time[40];
    bool trusted;
    int rc = bag ? mu_attrs_read(bag->attrs, &name, &id, &trusted, err) : -1;

    if (rc == 0 && entry->created_ms >= 0) {
        snprintf(time, sizeof time, "Time %lld", (long long)entry->created_ms);
        mu_bytes_clear(&id);
        rc = mu_bytes_set(&id, time, strlen(time), err);
    }
    if (rc == 0)
        rc = mu_attrs_make(bag->attrs, entry->alias, &id, false, &attrs, err);
    if (rc == 0) {
        mu_attrs_free(bag->attrs);
        bag->attrs = attrs;
        rc = mu_item_write(bag, ASN1_ITEM_rptr(MU_BAG), &der, err);
    }
    if (rc == 0) {
        mu_bytes_clear(&entry->payload);
        entry->payload = der;
    }
    free(name);
    mu_bytes_clear(&id);
    ASN1_item_free((ASN1_VALUE *)bag, ASN1_ITEM_rptr(MU_BAG));
    return rc;
}

int mu_entry_rename(mu_entry *entry, const char *alias, int64_t created_ms, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    if (mu_store_find(entry->store, alias))
        return mu_fail(err, MU_E_DUPLICATE_ALIAS, "there is an entry \"%s\" already", mu_escape_to(shown, alias));
    mu_entry *named = mu_entry_new(entry->store, entry->kind, alias);
    if (!named)
        return mu_fail_nomem(err);
    free(entry->alias);
    free(entry->folded);
    entry->alias = named->alias;
    entry->folded = named->folded;
    entry->hash = named->hash;
    entry->created_ms = created_ms;
    named->alias = named->folded = NULL;
    mu_entry_free(named);
    if (mu_store_reindex(entry->store, err) != 0)
        return -1;
    bool bag = entry->store->type == MU_STORE_PKCS12 && entry->kind == MU_ENTRY_SECRET && entry->payload.data;
    return bag ? rename_bag(entry, err) : 0;
}
