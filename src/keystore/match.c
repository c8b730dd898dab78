#include "keystore_internal.h"

#include <openssl/x509v3.h>

static int by_subject(const void *a, const void *b)
{
    const mu_cert_item *x = *(mu_cert_item *const *)a, *y = *(mu_cert_item *const *)b;
    int order = X509_NAME_cmp(X509_get_subject_name(x->cert), X509_get_subject_name(y->cert));
    return order;
}

/* The items in order of their subjects; among equals in file order, for the sort is made stable by position. */
struct index {
    mu_cert_item **sorted;
    size_t count;
};

/* Stable merge sort: qsort keeps no order among equals, and the JDK takes the first of several. */
static void merge_sort(mu_cert_item **items, mu_cert_item **spare, size_t count)
{
    if (count < 2)
        return;
    size_t half = count / 2, i = 0, j = half, n = 0;
    merge_sort(items, spare, half);
    merge_sort(items + half, spare, count - half);
    while (i < half && j < count)
        spare[n++] = by_subject(&items[i], &items[j]) <= 0 ? items[i++] : items[j++];
    while (i < half)
        spare[n++] = items[i++];
    while (j < count)
        spare[n++] = items[j++];
    memcpy(items, spare, count * sizeof *items);
}

static int index_make(const mu_store *store, struct index *ret, mu_err **err)
{
    size_t count = store->item_count;
    mu_cert_item **sorted = calloc(count + 1, sizeof *sorted), **spare = calloc(count + 1, sizeof *spare);
    if (!sorted || !spare) {
        free(sorted);
        free(spare);
        return mu_fail_nomem(err);
    }
    if (count)
        memcpy(sorted, store->items, count * sizeof *sorted);
    merge_sort(sorted, spare, count);
    free(spare);
    *ret = (struct index){sorted, count};
    return 0;
}

/* The first position whose subject is not before `name`. */
static size_t lower_bound(const struct index *index, const X509_NAME *name)
{
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (X509_NAME_cmp(X509_get_subject_name(index->sorted[mid]->cert), name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool same_subject(const mu_cert_item *item, const X509_NAME *name)
{
    return X509_NAME_cmp(X509_get_subject_name(item->cert), name) == 0;
}

#define MAX_SAME_NAME 64 /* certificates of one subject looked at: a hostile file could hold thousands */

static X509 *find_issuer(const struct index *index, X509 *cert)
{
    const X509_NAME *issuer = X509_get_issuer_name(cert);
    const ASN1_OCTET_STRING *akid = X509_get0_authority_key_id(cert);
    size_t start = lower_bound(index, issuer);
    for (size_t i = start; i < index->count && i - start < MAX_SAME_NAME && same_subject(index->sorted[i], issuer); i++) {
        const ASN1_OCTET_STRING *skid = X509_get0_subject_key_id(index->sorted[i]->cert);
        if (!akid || !skid || ASN1_OCTET_STRING_cmp(akid, skid) == 0)
            return index->sorted[i]->cert;
    }
    return NULL;
}

#define MAX_CHAIN 64

static bool in_chain(const STACK_OF(X509) * chain, const X509 *cert)
{
    for (int i = 0; i < sk_X509_num(chain); i++)
        if (X509_cmp(sk_X509_value(chain, i), cert) == 0)
            return true;
    return false;
}

static int chain_from(const struct index *index, X509 *leaf, STACK_OF(X509) * *ret_chain, mu_err **err)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509 *cert = leaf;
    while (chain && cert && sk_X509_num(chain) < MAX_CHAIN && !in_chain(chain, cert)) {
        if (!X509_up_ref(cert) || !sk_X509_push(chain, cert)) {
            sk_X509_pop_free(chain, X509_free);
            return mu_fail_nomem(err);
        }
        bool root = X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0;
        cert = root ? NULL : find_issuer(index, cert);
    }
    if (!chain)
        return mu_fail_nomem(err);
    *ret_chain = chain;
    return 0;
}

int mu_items_chain(mu_store *store, X509 *leaf, STACK_OF(X509) * *ret_chain, mu_err **err)
{
    struct index index = {0};
    if (index_make(store, &index, err) != 0)
        return -1;
    int rc = chain_from(&index, leaf, ret_chain, err);
    free(index.sorted);
    return rc;
}

/* As the JDK: equal id and alias, else equal id, else equal alias; the last of several. */
static X509 *find_leaf(const mu_store *store, const mu_entry *entry)
{
    X509 *by_id = NULL, *by_name = NULL;
    for (size_t i = 0; i < store->item_count; i++) {
        const mu_cert_item *item = store->items[i];
        bool name = item->folded && strcmp(item->folded, entry->folded) == 0;
        bool id = item->id.data && item->id.len == entry->id.len && memcmp(item->id.data, entry->id.data, entry->id.len) == 0;
        if (item->trusted)
            continue;
        if (id && name)
            return item->cert;
        if (id)
            by_id = item->cert;
        else if (name)
            by_name = item->cert;
    }
    return by_id ? by_id : by_name;
}

static void mark_chain(mu_store *store, const STACK_OF(X509) * chain)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        mu_cert_item *item = mu_store_item_of(store, sk_X509_value(chain, i));
        if (item)
            item->in_chain = true;
    }
}

static int match_entry(mu_store *store, const struct index *index, mu_entry *entry, mu_err **err)
{
    STACK_OF(X509) *chain = NULL;
    X509 *leaf = entry->id.data ? find_leaf(store, entry) : NULL;
    if (!leaf)
        return 0;
    if (chain_from(index, leaf, &chain, err) != 0)
        return -1;
    sk_X509_pop_free(entry->chain, X509_free);
    entry->chain = chain;
    mark_chain(store, chain);
    return 0;
}

/* The JDK writes an intermediate once for every chain: a copy of one that is used is not loose. */
static void mark_loose(const struct index *index)
{
    for (size_t i = 0; i < index->count; i++) {
        mu_cert_item *item = index->sorted[i];
        size_t start = i;
        item->loose = !item->in_chain && !item->trusted;
        while (start > 0 && i - start < MAX_SAME_NAME && same_subject(index->sorted[start - 1], X509_get_subject_name(item->cert)))
            start--;
        for (size_t j = start; item->loose && j < index->count && j - start < 2 * MAX_SAME_NAME; j++) {
            const mu_cert_item *other = index->sorted[j];
            if (other == item)
                continue;
            if (!same_subject(other, X509_get_subject_name(item->cert)))
                break;
            item->loose = !((other->in_chain || other->trusted) && X509_cmp(other->cert, item->cert) == 0);
        }
    }
}

int mu_items_match(mu_store *store, mu_err **err)
{
    struct index index = {0};
    if (index_make(store, &index, err) != 0)
        return -1;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < store->count; i++)
        if (store->entries[i]->kind == MU_ENTRY_KEY)
            rc = match_entry(store, &index, store->entries[i], err);
    mark_loose(&index);
    free(index.sorted);
    return rc == 0 ? mu_store_list_loose(store, err) : -1;
}
