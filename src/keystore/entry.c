#include "keystore_internal.h"

mu_entry *mu_entry_new(mu_store *store, mu_entry_kind kind, const char *alias)
{
    mu_entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    entry->store = store;
    entry->kind = kind;
    entry->created_ms = -1;
    entry->folded = mu_alias_fold(alias);
    bool typed = kind == MU_ENTRY_TRUSTED && store->type != MU_STORE_JKS && store->type != MU_STORE_JCEKS;
    entry->alias = typed || !entry->folded ? mu_strdup(alias) : mu_strdup(entry->folded);
    entry->chain = sk_X509_new_null();
    if (entry->folded && entry->alias && entry->chain) {
        entry->hash = mu_alias_hash(entry->folded);
        return entry;
    }
    mu_entry_free(entry);
    return NULL;
}

void mu_entry_free(mu_entry *entry)
{
    if (!entry)
        return;
    free(entry->alias);
    free(entry->folded);
    sk_X509_pop_free(entry->chain, X509_free);
    EVP_PKEY_free(entry->key);
    mu_bytes_clear(&entry->payload);
    mu_bytes_clear(&entry->pem);
    mu_bytes_clear(&entry->id);
    mu_bytes_clear(&entry->secret);
    mu_secret_clear(&entry->password);
    free(entry->algorithm);
    mu_attrs_free(entry->attrs);
    free(entry);
}

mu_entry_kind mu_entry_get_kind(const mu_entry *entry)
{
    return entry->kind;
}

const char *mu_entry_alias(const mu_entry *entry)
{
    return entry->alias;
}

const char *mu_entry_java_alias(const mu_entry *entry)
{
    return entry->folded;
}

int64_t mu_entry_created_ms(const mu_entry *entry)
{
    return entry->created_ms;
}

STACK_OF(X509) * mu_entry_get0_chain(const mu_entry *entry)
{
    return entry->chain;
}

bool mu_entry_java_hidden(const mu_entry *entry)
{
    return entry->java_hidden;
}

static bool used_by_others(const mu_entry *entry, const X509 *cert)
{
    const mu_store *store = entry->store;
    for (size_t i = 0; i < store->count; i++)
        for (int j = 0; store->entries[i] != entry && j < sk_X509_num(store->entries[i]->chain); j++)
            if (sk_X509_value(store->entries[i]->chain, j) == cert)
                return true;
    return false;
}

static void mark(const mu_entry *entry, bool loose)
{
    for (int i = 0; i < sk_X509_num(entry->chain); i++) {
        mu_cert_item *item = mu_store_item_of(entry->store, sk_X509_value(entry->chain, i));
        if (item)
            item->loose = loose && !item->trusted && !used_by_others(entry, item->cert);
    }
}

static int replace_chain(mu_entry *entry, X509 *leaf, mu_err **err)
{
    STACK_OF(X509) *chain = NULL;
    if (mu_items_chain(entry->store, leaf, &chain, err) != 0)
        return -1;
    mark(entry, true);
    sk_X509_pop_free(entry->chain, X509_free);
    entry->chain = chain;
    mark(entry, false);
    return mu_store_list_loose(entry->store, err);
}

/* Wrong leaves are possible where a file gives no ids: the key decides, as soon as it is known. */
static int settle_leaf(mu_entry *entry, const EVP_PKEY *key, mu_err **err)
{
    const mu_store *store = entry->store;
    X509 *leaf = NULL;
    if (sk_X509_num(entry->chain) > 0 && mu_cert_belongs(sk_X509_value(entry->chain, 0), key))
        return 0;
    for (size_t i = 0; i < store->item_count && !leaf; i++)
        if (mu_cert_belongs(store->items[i]->cert, key))
            leaf = store->items[i]->cert;
    if (leaf)
        return replace_chain(entry, leaf, err);
    if (sk_X509_num(entry->chain) == 0)
        return 0;
    for (int i = 1; i < sk_X509_num(entry->chain); i++)
        if (mu_cert_belongs(sk_X509_value(entry->chain, i), key))
            return 0; /* JKS keeps chains as they were set, also in the wrong order */
    char shown[MU_SHOWN_SIZE];
    return mu_fail(err, MU_E_KEY_CERT_MISMATCH, "the private key of \"%s\" belongs to none of the store's certificates",
                   mu_escape_to(shown, entry->alias));
}

static int traditional_key(mu_entry *entry, const char *password, EVP_PKEY **ret_key, mu_err **err)
{
    mu_pem_block block;
    size_t pos = 0;
    if (mu_pem_next(entry->payload.data, entry->payload.len, &pos, &block, err) != 1)
        return -1;
    int rc = mu_pem_block_key(&entry->store->crypt, &block, password, !entry->paid, ret_key, err);
    mu_pem_block_done(&block);
    return rc;
}

int mu_entry_p8(mu_entry *entry, const char *password, mu_bytes *ret, mu_err **err)
{
    mu_store *store = entry->store;
    EVP_PKEY *key = NULL;
    int rc;
    switch (entry->form) {
    case MU_KEY_CLEAR:
        return mu_key_to_p8(entry->key, ret, err);
    case MU_KEY_PLAIN:
        return mu_bytes_set(ret, entry->payload.data, entry->payload.len, err);
    case MU_KEY_TRADITIONAL:
        rc = traditional_key(entry, password, &key, err);
        if (rc == 0)
            rc = mu_key_to_p8(key, ret, err);
        EVP_PKEY_free(key);
        break;
    default:
        if (!password)
            return mu_fail(err, store->type == MU_STORE_PEM ? MU_E_PEM_KEY_ENCRYPTED : MU_E_KEY_PASSWORD_DIFFERS,
                           "the private key is encrypted, and there is no password");
        rc = mu_p8_unshroud(&store->crypt, entry->payload, password, !entry->paid,
                            store->type == MU_STORE_PEM ? MU_E_PEM_KEY_ENCRYPTED : MU_E_KEY_PASSWORD_DIFFERS, ret, err);
    }
    /* a file may be read only so often as its budget allows, but its owner may use a key as often as he likes */
    entry->paid = true;
    return rc;
}

int mu_entry_get1_key(mu_entry *entry, const char *password, EVP_PKEY **ret_key, mu_err **err)
{
    mu_store *store = entry->store;
    mu_bytes p8 = {NULL, 0};
    EVP_PKEY *key = NULL;
    if (entry->kind != MU_ENTRY_KEY)
        return mu_fail(err, MU_E_KEYSTORE_NO_PRIVATE_KEY, "the entry is not a private key");
    if (entry->form == MU_KEY_CLEAR) {
        if (!EVP_PKEY_up_ref(entry->key))
            return mu_fail_nomem(err);
        *ret_key = entry->key;
        return 0;
    }
    if (mu_entry_p8(entry, password ? password : store->password.value, &p8, err) != 0)
        return -1;
    mu_ossl_clear();
    key = mu_key_from_der(store->crypt.libctx, p8.data, p8.len);
    mu_bytes_clear(&p8);
    if (!key)
        return mu_fail_ossl(err, MU_E_STORE_DAMAGED, "the private key is decrypted, but cannot be decoded");
    if (settle_leaf(entry, key, err) != 0) {
        EVP_PKEY_free(key);
        return -1;
    }
    *ret_key = key;
    return 0;
}
