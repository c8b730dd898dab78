#include "keystore_internal.h"

#include <mutual/pki.h>

#define DEFAULT_MAX_BYTES ((size_t)64 << 20)
#define DEFAULT_MAX_ENTRIES 100000
#define DEFAULT_MAX_NESTING 64
#define DEFAULT_MAX_KDF 10000000

mu_store *mu_store_alloc(OSSL_LIB_CTX *libctx, mu_store_type type, const mu_store_limits *limits)
{
    mu_store *store = calloc(1, sizeof *store);
    if (!store)
        return NULL;
    if (limits)
        store->limits = *limits;
    mu_store_limits *l = &store->limits;
    l->max_bytes = l->max_bytes ? l->max_bytes : DEFAULT_MAX_BYTES;
    l->max_entries = l->max_entries ? l->max_entries : DEFAULT_MAX_ENTRIES;
    l->max_nesting = l->max_nesting ? l->max_nesting : DEFAULT_MAX_NESTING;
    l->max_kdf_iterations = l->max_kdf_iterations ? l->max_kdf_iterations : DEFAULT_MAX_KDF;
    store->crypt = (mu_crypt){.libctx = libctx, .iterations_left = l->max_kdf_iterations};
    store->type = type;
    store->mac = mu_mac_default;
    store->cert_pbe = mu_pbe_default;
    store->loose = sk_X509_new_null();
    store->path = mu_strdup("");
    store->protection = mu_strdup("");
    if (store->loose && store->path && store->protection)
        return store;
    mu_store_free(store);
    return NULL;
}

int mu_store_new(OSSL_LIB_CTX *libctx, mu_store_type type, mu_store **ret_store, mu_err **err)
{
    if (type == MU_STORE_AUTO)
        type = MU_STORE_PKCS12;
    mu_store *store = mu_store_alloc(libctx, type, NULL);
    if (!store)
        return mu_fail_nomem(err);
    *ret_store = store;
    return 0;
}

static void free_item(mu_cert_item *item)
{
    X509_free(item->cert);
    mu_attrs_free(item->attrs);
    mu_bytes_clear(&item->id);
    free(item->folded);
    free(item);
}

void mu_store_free(mu_store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < store->count; i++)
        mu_entry_free(store->entries[i]);
    for (size_t i = 0; i < store->item_count; i++)
        free_item(store->items[i]);
    for (size_t i = 0; i < store->kept_count; i++)
        mu_bytes_clear(&store->kept[i].raw);
    free(store->entries);
    free(store->slots);
    free(store->items);
    free(store->kept);
    sk_X509_pop_free(store->loose, X509_free);
    free(store->path);
    free(store->protection);
    mu_secret_clear(&store->password);
    mu_crypt_done(&store->crypt);
    free(store);
}

mu_store_type mu_store_get_type(const mu_store *store)
{
    return store->type;
}

bool mu_store_type_mismatch(const mu_store *store)
{
    return store->mismatch;
}

const char *mu_store_path(const mu_store *store)
{
    return store->path;
}

bool mu_store_has_skipped(const mu_store *store)
{
    return store->skipped;
}

STACK_OF(X509) * mu_store_get0_loose_certs(const mu_store *store)
{
    return store->loose;
}

const char *mu_store_protection(const mu_store *store)
{
    return store->protection;
}

size_t mu_store_count(const mu_store *store)
{
    return store->count;
}

mu_entry *mu_store_entry(const mu_store *store, size_t index)
{
    return index < store->count ? store->entries[index] : NULL;
}

/* The entry of that alias, the first of several; exact: also as it is written. store->count if there is none. */
static size_t position(const mu_store *store, const char *folded, const char *exact)
{
    unsigned long hash = mu_alias_hash(folded);
    for (size_t slot = hash; store->slot_count && store->slots[slot % store->slot_count]; slot++) {
        size_t at = store->slots[slot % store->slot_count] - 1;
        const mu_entry *entry = store->entries[at];
        if (entry->hash == hash && strcmp(entry->folded, folded) == 0 && (!exact || strcmp(entry->alias, exact) == 0))
            return at;
    }
    return store->count;
}

/* The very alias, if that is there, else one that differs in case. */
static size_t position_of(const mu_store *store, const char *folded, const char *alias)
{
    size_t at = position(store, folded, alias);
    return at < store->count ? at : position(store, folded, NULL);
}

static void index_entry(mu_store *store, size_t at)
{
    size_t slot = store->entries[at]->hash;
    while (store->slots[slot % store->slot_count])
        slot++;
    store->slots[slot % store->slot_count] = (uint32_t)at + 1;
}

int mu_store_reindex(mu_store *store, mu_err **err)
{
    size_t slot_count = 4 * store->count + 16;
    uint32_t *slots = calloc(slot_count, sizeof *slots);
    if (!slots)
        return mu_fail_nomem(err);
    free(store->slots);
    store->slots = slots;
    store->slot_count = slot_count;
    for (size_t i = 0; i < store->count; i++)
        index_entry(store, i);
    return 0;
}

mu_entry *mu_store_find_folded(const mu_store *store, const char *folded)
{
    return mu_store_entry(store, position(store, folded, NULL));
}

mu_entry *mu_store_find(const mu_store *store, const char *alias)
{
    char *folded = mu_alias_fold(alias);
    mu_entry *entry = folded ? mu_store_entry(store, position_of(store, folded, alias)) : NULL;
    free(folded);
    return entry;
}

int mu_store_check_entries(const mu_store *store, size_t more, mu_err **err)
{
    size_t have = store->count + store->item_count + store->kept_count;
    if (have + more <= (size_t)store->limits.max_entries)
        return 0;
    mu_fail(err, MU_E_STORE_LIMIT_EXCEEDED, "the store holds too many entries");
    return mu_err_detail(err, "%zu, at most %d", have + more, store->limits.max_entries);
}

/* Room for one more of `size` bytes each; capacities are powers of two. */
static int grow(void *array_ptr, size_t count, size_t size)
{
    void **array = array_ptr;
    if (count & (count - 1))
        return 0;
    void *bigger = realloc(*array, (count ? 2 * count : 1) * size);
    if (!bigger)
        return -1;
    *array = bigger;
    return 0;
}

static int put(mu_store *store, mu_entry *entry, size_t at, mu_err **err)
{
    if (at < store->count) {
        mu_entry_free(store->entries[at]);
        store->entries[at] = entry;
        return 0;
    }
    if ((2 * store->count + 2 > store->slot_count && mu_store_reindex(store, err) != 0) ||
        grow(&store->entries, store->count, sizeof *store->entries) != 0) {
        mu_entry_free(entry);
        return mu_fail_nomem(err);
    }
    store->entries[store->count++] = entry;
    index_entry(store, at);
    return 0;
}

int mu_store_put(mu_store *store, mu_entry *entry, mu_err **err)
{
    return put(store, entry, position(store, entry->folded, NULL), err);
}

int mu_store_put_exact(mu_store *store, mu_entry *entry, mu_err **err)
{
    return put(store, entry, position(store, entry->folded, entry->alias), err);
}

int mu_store_keep(mu_store *store, mu_bytes raw, bool encrypted, mu_err **err)
{
    mu_kept kept = {.encrypted = encrypted};
    if (grow(&store->kept, store->kept_count, sizeof *store->kept) != 0)
        return mu_fail_nomem(err);
    if (mu_bytes_set(&kept.raw, raw.data, raw.len, err) != 0)
        return -1;
    store->kept[store->kept_count++] = kept;
    return 0;
}

mu_cert_item *mu_store_add_item(mu_store *store, X509 *cert)
{
    mu_cert_item *item = calloc(1, sizeof *item);
    if (!item || grow(&store->items, store->item_count, sizeof *store->items) != 0 || !X509_up_ref(cert)) {
        free(item);
        return NULL;
    }
    item->cert = cert;
    store->items[store->item_count++] = item;
    return item;
}

mu_cert_item *mu_store_item_of(const mu_store *store, const X509 *cert)
{
    for (size_t i = 0; i < store->item_count; i++)
        if (store->items[i]->cert == cert)
            return store->items[i];
    return NULL;
}

int mu_store_list_loose(mu_store *store, mu_err **err)
{
    sk_X509_pop_free(store->loose, X509_free);
    if (!(store->loose = sk_X509_new_null()))
        return mu_fail_nomem(err);
    for (size_t i = 0; i < store->item_count; i++)
        if (store->items[i]->loose && (!sk_X509_push(store->loose, store->items[i]->cert) || !X509_up_ref(store->items[i]->cert)))
            return mu_fail_nomem(err);
    return 0;
}

const char *mu_store_next_name(mu_store *store, char out[32])
{
    snprintf(out, 32, "%ld", ++store->unnamed);
    return out;
}

/* ---- changes ---- */

mu_entry *mu_entry_new_like(mu_store *store, mu_entry_kind kind, const char *alias, int64_t created_ms, mu_err **err)
{
    mu_entry *entry = mu_entry_new(store, kind, alias);
    if (!entry) {
        mu_fail_nomem(err);
        return NULL;
    }
    mu_entry *old = mu_store_find_folded(store, entry->folded);
    if (old && old->kind != kind) {
        char shown[MU_SHOWN_SIZE];
        mu_fail(err, MU_E_DUPLICATE_ALIAS, "the alias \"%s\" belongs to an entry of another kind", mu_escape_to(shown, alias));
        mu_entry_free(entry);
        return NULL;
    }
    entry->created_ms = created_ms;
    return entry;
}

static int add_chain(mu_entry *entry, const STACK_OF(X509) * chain, mu_err **err)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *cert = sk_X509_value(chain, i);
        if (!X509_up_ref(cert))
            return mu_fail_nomem(err);
        if (!sk_X509_push(entry->chain, cert)) {
            X509_free(cert);
            return mu_fail_nomem(err);
        }
    }
    return 0;
}

int mu_store_set_key(mu_store *store, const char *alias, EVP_PKEY *key, STACK_OF(X509) * chain, int64_t created_ms, mu_err **err)
{
    if (sk_X509_num(chain) > 0 && mu_key_check_pair(sk_X509_value(chain, 0), key, err) != 0)
        return -1;
    mu_entry *entry = mu_entry_new_like(store, MU_ENTRY_KEY, alias, created_ms, err);
    if (!entry)
        return -1;
    if (add_chain(entry, chain, err) != 0 || !EVP_PKEY_up_ref(key)) {
        mu_entry_free(entry);
        return -1;
    }
    entry->form = MU_KEY_CLEAR;
    entry->key = key;
    return mu_store_put(store, entry, err);
}

int mu_entry_set_chain(mu_entry *entry, STACK_OF(X509) * chain, int64_t created_ms, mu_err **err)
{
    const X509 *own = sk_X509_value(entry->chain, 0);
    if (!own || sk_X509_num(chain) == 0)
        return mu_fail(err, MU_E_KEY_CERT_MISMATCH, "the entry or its new chain has no certificate");
    if (mu_key_check_pair(sk_X509_value(chain, 0), X509_get0_pubkey(own), err) != 0)
        return -1;
    STACK_OF(X509) *fresh = X509_chain_up_ref(chain);
    if (!fresh)
        return mu_fail_nomem(err);
    sk_X509_pop_free(entry->chain, X509_free);
    entry->chain = fresh;
    entry->created_ms = created_ms;
    return mu_store_settle_loose(entry->store, fresh, err);
}

int mu_store_set_trusted(mu_store *store, const char *alias, X509 *cert, int64_t created_ms, mu_err **err)
{
    mu_entry *entry = mu_entry_new_like(store, MU_ENTRY_TRUSTED, alias, created_ms, err);
    if (!entry)
        return -1;
    if (!X509_up_ref(cert) || !sk_X509_push(entry->chain, cert)) {
        mu_entry_free(entry);
        return mu_fail_nomem(err);
    }
    return mu_store_put(store, entry, err) == 0 ? mu_store_settle_loose(store, entry->chain, err) : -1;
}

int mu_store_delete(mu_store *store, const char *alias, mu_err **err)
{
    char *folded = mu_alias_fold(alias);
    size_t at = folded ? position_of(store, folded, alias) : store->count;
    free(folded);
    if (at == store->count) {
        char shown[MU_SHOWN_SIZE];
        return mu_fail(err, MU_E_SERVER_ALIAS_NOT_FOUND, "there is no entry \"%s\"", mu_escape_to(shown, alias));
    }
    mu_entry_free(store->entries[at]);
    memmove(store->entries + at, store->entries + at + 1, (store->count - at - 1) * sizeof *store->entries);
    store->count--;
    return mu_store_reindex(store, err);
}
