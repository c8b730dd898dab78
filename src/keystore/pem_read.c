#include "keystore_internal.h"

static int add_key(mu_store *store, const mu_pem_block *block, mu_err **err)
{
    char number[32];
    bool shrouded = strcmp(block->label, "ENCRYPTED PRIVATE KEY") == 0, traditional = strstr(block->headers, "ENCRYPTED") != NULL;
    mu_entry *entry = mu_entry_new(store, MU_ENTRY_KEY, mu_store_next_name(store, number));
    if (!entry)
        return mu_fail_nomem(err);
    int rc = mu_bytes_set(&entry->pem, block->raw, block->raw_len, err);
    entry->form = shrouded ? MU_KEY_SHROUDED : traditional ? MU_KEY_TRADITIONAL : MU_KEY_CLEAR;
    if (rc == 0 && entry->form == MU_KEY_SHROUDED)
        rc = mu_bytes_set(&entry->payload, block->der.data, block->der.len, err);
    else if (rc == 0 && entry->form == MU_KEY_TRADITIONAL)
        rc = mu_bytes_set(&entry->payload, block->raw, block->raw_len, err);
    else if (rc == 0)
        rc = mu_pem_block_key(&store->crypt, block, NULL, false, &entry->key, err);
    if (rc != 0) {
        mu_entry_free(entry);
        return -1;
    }
    return mu_store_put(store, entry, err);
}

/* Certificates of a block, be it one or a PKCS #7. */
static int add_certs(mu_store *store, const uint8_t *data, size_t len, mu_err **err)
{
    STACK_OF(X509) *certs = NULL;
    int rc = mu_certs_parse(store->crypt.libctx, data, len, &certs, err);
    if (rc == 0)
        rc = mu_store_check_entries(store, (size_t)sk_X509_num(certs), err);
    for (int i = 0; rc == 0 && i < sk_X509_num(certs); i++)
        rc = mu_store_add_item(store, sk_X509_value(certs, i)) ? 0 : mu_fail_nomem(err);
    sk_X509_pop_free(certs, X509_free);
    return rc;
}

static int add_block(mu_store *store, const mu_pem_block *block, mu_err **err)
{
    if (mu_store_check_entries(store, 1, err) != 0)
        return -1;
    if (mu_pem_is_key(block))
        return add_key(store, block, err);
    if (mu_pem_is_cert(block) || strstr(block->label, "PKCS7") || strstr(block->label, "PKCS #7") ||
        strcmp(block->label, "CMS") == 0)
        return add_certs(store, block->raw, block->raw_len, err);
    if (strcmp(block->label, "EC PARAMETERS") == 0)
        return 0; /* repeats what the key says */
    return mu_store_keep(store, (mu_bytes){(uint8_t *)(uintptr_t)block->raw, block->raw_len}, false, err);
}

static int read_blocks(mu_store *store, const uint8_t *data, size_t len, mu_err **err)
{
    mu_pem_block block;
    size_t pos = 0;
    int found, rc = 0;
    while (rc == 0 && (found = mu_pem_next(data, len, &pos, &block, err)) != 0) {
        if (found < 0)
            return -1;
        rc = add_block(store, &block, err);
        mu_pem_block_done(&block);
    }
    return rc;
}

/* A key in DER is given the PEM form that it would have had. */
static int read_der(mu_store *store, const uint8_t *data, size_t len, mu_err **err)
{
    const unsigned char *p = data;
    mu_err *no_cert = NULL;
    if (add_certs(store, data, len, &no_cert) == 0)
        return 0;
    mu_ossl_clear();
    X509_SIG *sig = d2i_X509_SIG(NULL, &p, (long)len);
    bool shrouded = sig != NULL;
    X509_SIG_free(sig);
    EVP_PKEY *key = shrouded ? NULL : mu_key_from_der(store->crypt.libctx, data, len);
    bool known = shrouded || key;
    EVP_PKEY_free(key);
    mu_err_free(no_cert);
    if (!known)
        return mu_fail_ossl(err, MU_E_STORE_WRONG_TYPE, "this is DER, but neither certificates nor a private key");
    mu_pem_block block = {.headers = (char *)(uintptr_t) "", .der = {(uint8_t *)(uintptr_t)data, len}};
    strcpy(block.label, shrouded ? "ENCRYPTED PRIVATE KEY" : "PRIVATE KEY");
    mu_buf pem;
    mu_buf_init_secret(&pem, MU_BUF_TEXT_MAX);
    int rc = mu_pem_add(&pem, block.label, data, len, err);
    block.raw = pem.data;
    block.raw_len = pem.len;
    if (rc == 0)
        rc = add_key(store, &block, err);
    mu_buf_free(&pem);
    return rc;
}

/* The key decides which certificate is its own; an encrypted key cannot be asked yet, then the first certificate it is. */
static X509 *find_leaf(const mu_store *store, const mu_entry *entry)
{
    if (entry->form != MU_KEY_CLEAR)
        return store->item_count ? store->items[0]->cert : NULL;
    for (size_t i = 0; i < store->item_count; i++)
        if (mu_cert_belongs(store->items[i]->cert, entry->key))
            return store->items[i]->cert;
    return NULL;
}

static int match_key(mu_store *store, mu_entry *entry, mu_err **err)
{
    STACK_OF(X509) *chain = NULL;
    X509 *leaf = find_leaf(store, entry);
    if (!leaf)
        return 0;
    if (mu_items_chain(store, leaf, &chain, err) != 0)
        return -1;
    sk_X509_pop_free(entry->chain, X509_free);
    entry->chain = chain;
    for (int i = 0; i < sk_X509_num(chain); i++)
        mu_store_item_of(store, sk_X509_value(chain, i))->in_chain = true;
    return 0;
}

static int trust_all(mu_store *store, mu_err **err)
{
    char number[32];
    for (size_t i = 0; i < store->item_count; i++) {
        X509 *cert = store->items[i]->cert;
        store->items[i]->trusted = true;
        if (mu_store_set_trusted(store, mu_store_next_name(store, number), cert, -1, err) != 0)
            return -1;
    }
    return 0;
}

/* Beside a key, certificates are its chain or loose: a file that proves who we are does not say whom we trust. */
static int match(mu_store *store, mu_err **err)
{
    int rc = 0;
    if (store->count == 0)
        return trust_all(store, err);
    for (size_t i = 0; rc == 0 && i < store->count; i++)
        rc = match_key(store, store->entries[i], err);
    for (size_t i = 0; i < store->item_count; i++)
        store->items[i]->loose = !store->items[i]->in_chain;
    return rc == 0 ? mu_store_list_loose(store, err) : -1;
}

static int describe(mu_store *store, mu_err **err)
{
    size_t keys = 0, encrypted = 0;
    for (size_t i = 0; i < store->count; i++) {
        keys += store->entries[i]->kind == MU_ENTRY_KEY;
        encrypted += store->entries[i]->form != MU_KEY_CLEAR && store->entries[i]->kind == MU_ENTRY_KEY;
    }
    free(store->protection);
    store->protection = mu_strdup(keys == 0           ? "no key"
                                  : encrypted == keys ? "key encrypted"
                                  : encrypted         ? "some keys encrypted"
                                                      : "key not encrypted");
    return store->protection ? 0 : mu_fail_nomem(err);
}

int mu_pem_read(mu_store *store, const uint8_t *data, size_t len, mu_err **err)
{
    if (mu_pem_check_text(data, len, err) != 0)
        return -1;
    int rc = mu_pem_has_block(data, len) ? read_blocks(store, data, len, err) : read_der(store, data, len, err);
    if (rc == 0 && store->count == 0 && store->item_count == 0)
        rc = mu_fail(err, MU_E_PEM_GARBAGE, "there is neither a certificate nor a private key in it");
    if (rc == 0)
        rc = match(store, err);
    return rc == 0 ? describe(store, err) : -1;
}
