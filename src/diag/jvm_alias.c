#include "diag/jvm_alias.h"

#include "base/text.h"
#include <mutual/pki.h>

#include <stdlib.h>
#include <string.h>

/* An entry as Java's collections see it. */
struct item {
    size_t index; /* in the store */
    uint32_t hash;
    X509 *leaf; /* NULL: not a private key that a JVM sees */
    const STACK_OF(X509) *chain;
    const char *key_type;
};

/* ---- Java's order ---- */

/* String.hashCode, over UTF-16. */
static uint32_t java_hash(const char *text)
{
    size_t len = strlen(text), used;
    uint32_t hash = 0, point;
    for (; len > 0; text += used, len -= used) {
        if (!(used = mu_utf8_decode((const uint8_t *)text, len, &point))) {
            point = 0xfffd;
            used = 1;
        }
        if (point > 0xffff) {
            hash = 31 * hash + (0xd7c0 + (point >> 10));
            point = 0xdc00 | (point & 0x3ff);
        }
        hash = 31 * hash + point;
    }
    return hash;
}

/* java.util.Hashtable enumerates from its last bucket down, the newest entry of a bucket first; growing turns buckets round. */
static int hashtable_order(struct item *items, size_t count, mu_err **err)
{
    size_t cap = 11, filled = 0, max_cap = 2 * (count * 4 / 3 + 12) + 1, *next = calloc(count + 1, sizeof *next);
    size_t *heads = calloc(max_cap, sizeof *heads), *grown = calloc(max_cap, sizeof *grown); /* index + 1; 0: empty */
    struct item *sorted = calloc(count + 1, sizeof *sorted);
    bool ok = next && heads && grown && sorted;

    for (size_t i = 0; ok && i < count; i++) {
        if (i >= cap * 3 / 4) {
            size_t old_cap = cap;
            cap = cap * 2 + 1;
            memset(grown, 0, cap * sizeof *grown);
            for (size_t b = old_cap; b-- > 0;)
                for (size_t e = heads[b], after; e; e = after) {
                    size_t *head = &grown[(items[e - 1].hash & 0x7fffffff) % cap];
                    after = next[e - 1];
                    next[e - 1] = *head;
                    *head = e;
                }
            memcpy(heads, grown, cap * sizeof *heads);
        }
        size_t *head = &heads[(items[i].hash & 0x7fffffff) % cap];
        next[i] = *head;
        *head = i + 1;
    }
    for (size_t b = cap; ok && b-- > 0;)
        for (size_t e = heads[b]; e; e = next[e - 1])
            sorted[filled++] = items[e - 1];
    if (ok)
        memcpy(items, sorted, count * sizeof *items);
    free(next);
    free(heads);
    free(grown);
    free(sorted);
    return ok ? 0 : mu_fail_nomem(err);
}

static uint32_t bucket(const struct item *item, size_t cap)
{
    return (item->hash ^ item->hash >> 16) & (uint32_t)(cap - 1);
}

/* As SunX509 filters: one certificate of the chain was issued by one of them. */
static bool is_accepted(const STACK_OF(X509) *chain, const STACK_OF(X509) *issuers)
{
    for (int i = 0; i < sk_X509_num(chain); i++)
        for (int j = 0; j < sk_X509_num(issuers); j++)
            if (X509_NAME_cmp(X509_get_issuer_name(sk_X509_value(chain, i)), X509_get_subject_name(sk_X509_value(issuers, j))) == 0)
                return true;
    return false;
}

/* The first of a type in java.util.HashMap's order; within a bucket the one that came first. */
static long first_in_hashmap(const struct item *items, size_t count, const char *key_type, const STACK_OF(X509) *issuers)
{
    size_t keys = 0, cap = 16;
    const struct item *best = NULL;
    for (size_t i = 0; i < count; i++)
        keys += items[i].leaf != NULL;
    while (keys > cap * 3 / 4)
        cap *= 2;
    for (size_t i = 0; i < count; i++)
        if (items[i].leaf && items[i].key_type == key_type && (!best || bucket(&items[i], cap) < bucket(best, cap)) &&
            (!issuers || is_accepted(items[i].chain, issuers)))
            best = &items[i];
    return best ? (long)best->index : -1;
}

/* ---- X509KeyManagerImpl's ranks ---- */

enum rank { RANK_OK, RANK_EXPIRED, RANK_WRONG_USE };

static enum rank rank_of(X509 *leaf, const char *key_type, bool server, int64_t at_s)
{
    uint32_t usage = X509_get_key_usage(leaf), wanted = XKU_ANYEKU | (server ? XKU_SSL_SERVER | XKU_SGC : XKU_SSL_CLIENT);
    bool rsa = strcmp(key_type, "RSA") == 0, ec = strcmp(key_type, "EC") == 0, pss = strcmp(key_type, "RSASSA-PSS") == 0;
    bool dsa = strcmp(key_type, "DSA") == 0, signs = usage & KU_DIGITAL_SIGNATURE;

    if (!(X509_get_extended_key_usage(leaf) & wanted))
        return RANK_WRONG_USE;
    if (!signs && (ec || dsa || (pss && server) || (rsa && !(server && usage & KU_KEY_ENCIPHERMENT))))
        return RANK_WRONG_USE;
    if (ec && server && !(usage & KU_KEY_AGREEMENT))
        return RANK_WRONG_USE;
    return at_s < mu_cert_not_before_s(leaf) || at_s > mu_cert_not_after_s(leaf) ? RANK_EXPIRED : RANK_OK;
}

static long best_rank(const struct item *items, size_t count, const char *key_type, bool server, int64_t at_s)
{
    long best = -1;
    enum rank least = RANK_WRONG_USE;
    for (size_t i = 0; i < count; i++) {
        if (!items[i].leaf || items[i].key_type != key_type)
            continue;
        enum rank rank = rank_of(items[i].leaf, key_type, server, at_s);
        if (best < 0 || rank < least) {
            best = (long)items[i].index;
            least = rank;
        }
    }
    return best;
}

/* ---- the store ---- */

static const char *const key_types[MU_JVM_KEY_TYPES] = {"RSA", "EC", "EdDSA", "RSASSA-PSS", "DSA"};

/* As PublicKey.getAlgorithm() says; one of the list above, or NULL. */
static const char *java_key_type(const X509 *cert)
{
    const EVP_PKEY *key = X509_get0_pubkey(cert);
    switch (key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE) {
    case EVP_PKEY_RSA:
        return key_types[0];
    case EVP_PKEY_EC:
        return key_types[1];
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
        return key_types[2];
    case EVP_PKEY_RSA_PSS:
        return key_types[3];
    case EVP_PKEY_DSA:
        return key_types[4];
    default:
        return NULL;
    }
}

static void fill_items(const mu_store *store, struct item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const mu_entry *entry = mu_store_entry(store, i);
        bool seen = mu_entry_get_kind(entry) == MU_ENTRY_KEY && !mu_entry_java_hidden(entry);
        X509 *leaf = seen ? sk_X509_value(mu_entry_get0_chain(entry), 0) : NULL;
        items[i] = (struct item){i, java_hash(mu_entry_java_alias(entry)), leaf, leaf ? mu_entry_get0_chain(entry) : NULL,
                                 leaf ? java_key_type(leaf) : NULL};
    }
}

/* In the order in which a JVM goes through them: Hashtable's for JKS and JCEKS, the file's for PKCS12. */
static int read_items(const mu_store *store, struct item **ret, mu_err **err)
{
    size_t count = mu_store_count(store);
    mu_store_type type = mu_store_get_type(store);
    *ret = calloc(count + 1, sizeof **ret);
    if (!*ret)
        return mu_fail_nomem(err);
    fill_items(store, *ret, count);
    return type == MU_STORE_PKCS12 ? 0 : hashtable_order(*ret, count, err);
}

int mu_jvm_choices(const mu_store *store, int64_t at_s, mu_jvm_choice ret[MU_JVM_KEY_TYPES], size_t *ret_count, mu_err **err)
{
    size_t count = mu_store_count(store);
    struct item *items = NULL;
    int rc = 0;

    *ret_count = 0;
    if (mu_store_get_type(store) == MU_STORE_PEM)
        return 0;
    rc = read_items(store, &items, err);
    for (size_t i = 0; rc == 0 && i < MU_JVM_KEY_TYPES; i++) {
        long first = first_in_hashmap(items, count, key_types[i], NULL);
        if (first >= 0)
            ret[(*ret_count)++] = (mu_jvm_choice){
                .key_type = key_types[i],
                .server = {first, best_rank(items, count, key_types[i], true, at_s)},
                .client = {first, best_rank(items, count, key_types[i], false, at_s)},
            };
    }
    free(items);
    return rc;
}

int mu_jvm_pick(const mu_store *store, const STACK_OF(X509) *issuers, long *ret_index, mu_err **err)
{
    static const int order[] = {1, 2, 0, 3}; /* of the JDK's signature schemes: EC, EdDSA, RSA, RSASSA-PSS */
    struct item *items = NULL;
    int rc = read_items(store, &items, err);

    *ret_index = -1;
    for (size_t i = 0; rc == 0 && *ret_index < 0 && i < sizeof order / sizeof *order; i++)
        *ret_index = first_in_hashmap(items, mu_store_count(store), key_types[order[i]], sk_X509_num(issuers) > 0 ? issuers : NULL);
    free(items);
    return rc;
}
