#include "tls/tls_internal.h"

#include "base/clock.h"
#include "base/ossl.h"
#include "base/text.h"

#include <openssl/x509v3.h>
#include <stdlib.h>

static int new_identity(EVP_PKEY *key, STACK_OF(X509) * chain, const char *source, mu_identity **ret_identity, mu_err **err)
{
    mu_identity *identity = calloc(1, sizeof *identity);
    if (!identity)
        return mu_fail_nomem(err);
    atomic_init(&identity->refs, 1);
    identity->chain = X509_chain_up_ref(chain);
    identity->source = mu_strdup(source);
    if (!identity->chain || !identity->source) {
        mu_identity_free(identity);
        return mu_fail_nomem(err);
    }
    EVP_PKEY_up_ref(key);
    identity->key = key;
    *ret_identity = identity;
    return 0;
}

/* The key's certificate is there, but not in front: the order is the mistake, not the key. */
static bool belongs_to_later(EVP_PKEY *key, STACK_OF(X509) * chain)
{
    for (int i = 1; i < sk_X509_num(chain); i++)
        if (mu_key_check_pair(sk_X509_value(chain, i), key, NULL) == 0)
            return true;
    return false;
}

int mu_identity_new(EVP_PKEY *key, STACK_OF(X509) * chain, const char *source, mu_identity **ret_identity, mu_err **err)
{
    if (sk_X509_num(chain) < 1)
        return mu_fail(err, MU_E_CHAIN_ORDER_WRONG, "\"%s\" has a private key and no certificate for it", source);
    if (mu_key_check_pair(sk_X509_value(chain, 0), key, err) != 0) {
        if (belongs_to_later(key, chain))
            return mu_fail(err, MU_E_CHAIN_ORDER_WRONG, "\"%s\": the first certificate is not the one of the key", source);
        return mu_wrap(err, MU_E_KEY_CERT_MISMATCH, "\"%s\": key and certificate are not a pair", source);
    }
    return new_identity(key, chain, source, ret_identity, err);
}

/* What a peer will look at: dates, keyUsage, extendedKeyUsage. */
static bool is_fit(X509 *cert, mu_purpose purpose, int64_t now_s)
{
    uint32_t wanted = purpose == MU_PURPOSE_SERVER ? XKU_SSL_SERVER : purpose == MU_PURPOSE_CLIENT ? XKU_SSL_CLIENT : UINT32_MAX;
    return now_s >= mu_cert_not_before_s(cert) && now_s <= mu_cert_not_after_s(cert) &&
           (X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE) && (X509_get_extended_key_usage(cert) & (wanted | XKU_ANYEKU));
}

static void add_doubt(mu_buf *doubts, const char *problem, const char *what)
{
    mu_buf_add_str(doubts, doubts->len ? "; " : "");
    mu_buf_add_str(doubts, problem);
    mu_buf_add_str(doubts, what);
}

char *mu_identity_doubts(const mu_identity *identity, mu_purpose purpose, int64_t now_s)
{
    X509 *cert = mu_identity_get0_cert(identity);
    const int64_t from_s = mu_cert_not_before_s(cert), until_s = mu_cert_not_after_s(cert);
    const bool server = purpose == MU_PURPOSE_SERVER;
    char time[32];
    mu_buf doubts;

    mu_buf_init(&doubts, MU_BUF_TEXT_MAX);
    if (now_s > until_s)
        add_doubt(&doubts, "it expired on ", mu_time_text(until_s, time));
    if (now_s < from_s)
        add_doubt(&doubts, "it is not valid before ", mu_time_text(from_s, time));
    if (purpose != MU_PURPOSE_ANY &&
        !(X509_get_extended_key_usage(cert) & (XKU_ANYEKU | (server ? XKU_SSL_SERVER : XKU_SSL_CLIENT))))
        add_doubt(&doubts, "its extendedKeyUsage lacks ", server ? "serverAuth" : "clientAuth");
    if (!(X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE))
        add_doubt(&doubts, "its keyUsage lacks ", "digitalSignature");
    char *text = mu_buf_steal(&doubts);
    mu_buf_free(&doubts);
    return text;
}

static mu_entry *choose_entry(const mu_store *store, mu_purpose purpose, int64_t now_s)
{
    mu_entry *first = NULL;
    for (size_t i = 0; i < mu_store_count(store); i++) {
        mu_entry *entry = mu_store_entry(store, i);
        if (mu_entry_get_kind(entry) != MU_ENTRY_KEY)
            continue;
        X509 *leaf = sk_X509_value(mu_entry_get0_chain(entry), 0);
        if (leaf && is_fit(leaf, purpose, now_s))
            return entry;
        if (!first)
            first = entry;
    }
    return first;
}

static int find_entry(const mu_store *store, const char *shown, const char *alias, mu_purpose purpose, int64_t now_s,
                      mu_entry **ret_entry, mu_err **err)
{
    mu_entry *entry = alias ? mu_store_find(store, alias) : choose_entry(store, purpose, now_s);
    if (alias && (!entry || mu_entry_get_kind(entry) != MU_ENTRY_KEY)) {
        char shown_alias[MU_SHOWN_SIZE];
        return mu_fail(err, MU_E_SERVER_ALIAS_NOT_FOUND, "\"%s\" has no %s \"%s\"", shown,
                       entry ? "private key under the alias" : "alias", mu_escape_to(shown_alias, alias));
    }
    if (!entry)
        return mu_fail(err, MU_E_KEYSTORE_NO_PRIVATE_KEY, "\"%s\" holds no private key", shown);
    *ret_entry = entry;
    return 0;
}

static char *describe_source(const char *shown, const mu_entry *entry)
{
    const char *alias = mu_entry_alias(entry);
    char shown_alias[MU_SHOWN_SIZE];
    return *alias ? mu_asprintf("%s, alias %s", shown, mu_escape_to(shown_alias, alias)) : mu_strdup(shown);
}

int mu_identity_from_store(mu_store *store, const char *alias, const char *key_password, mu_purpose purpose, int64_t now_s,
                           mu_identity **ret_identity, mu_err **err)
{
    int rc = -1;
    const char *path = mu_store_path(store);
    char *shown = mu_escape_dup(*path ? path : "the store", strlen(*path ? path : "the store"));
    char *source = NULL;
    EVP_PKEY *key = NULL;
    mu_entry *entry = NULL;

    if (!shown) {
        mu_fail_nomem(err);
        goto out;
    }
    if (find_entry(store, shown, alias, purpose, now_s, &entry, err) != 0 || mu_entry_get1_key(entry, key_password, &key, err) != 0)
        goto out;
    source = describe_source(shown, entry);
    rc = source ? mu_identity_new(key, mu_entry_get0_chain(entry), source, ret_identity, err) : mu_fail_nomem(err);
out:
    EVP_PKEY_free(key);
    free(source);
    free(shown);
    return rc;
}

/* A key that does not leave its token cannot be copied. */
static EVP_PKEY *clone_key(EVP_PKEY *key, OSSL_LIB_CTX *libctx)
{
    uint8_t *der = NULL;
    int len = i2d_PrivateKey(key, &der);
    const uint8_t *p = der;
    EVP_PKEY *copy = len > 0 ? d2i_PrivateKey_ex(EVP_PKEY_get_base_id(key), NULL, &p, len, libctx, NULL) : NULL;
    if (len > 0)
        OPENSSL_clear_free(der, (size_t)len);
    return copy;
}

X509 *mu_tls_clone_cert(const X509 *cert, OSSL_LIB_CTX *libctx)
{
    uint8_t *der = NULL;
    int len = i2d_X509(cert, &der);
    const uint8_t *p = der;
    X509 *copy = X509_new_ex(libctx, NULL);
    if (len <= 0 || !copy || !d2i_X509(&copy, &p, len)) {
        X509_free(copy);
        copy = NULL;
    }
    OPENSSL_free(der);
    return copy;
}

STACK_OF(X509) * mu_tls_clone_certs(STACK_OF(X509) * certs, OSSL_LIB_CTX *libctx)
{
    STACK_OF(X509) *copies = sk_X509_new_null();
    for (int i = 0; copies && i < sk_X509_num(certs); i++) {
        X509 *copy = mu_tls_clone_cert(sk_X509_value(certs, i), libctx);
        if (!copy || !sk_X509_push(copies, copy)) {
            X509_free(copy);
            sk_X509_pop_free(copies, X509_free);
            return NULL;
        }
    }
    return copies;
}

int mu_identity_clone(const mu_identity *identity, OSSL_LIB_CTX *libctx, mu_identity **ret_identity, mu_err **err)
{
    int rc = -1;
    mu_ossl_clear();
    EVP_PKEY *key = clone_key(identity->key, libctx);
    STACK_OF(X509) *chain = mu_tls_clone_certs(identity->chain, libctx);

    if (!key)
        mu_fail_ossl(err, MU_E_PRIVATE_KEY_INACCESSIBLE, "the private key of %s cannot be handed to another worker",
                     identity->source);
    else if (!chain)
        mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "the certificates of %s cannot be handed to another worker",
                     identity->source);
    else
        rc = new_identity(key, chain, identity->source, ret_identity, err);
    EVP_PKEY_free(key);
    sk_X509_pop_free(chain, X509_free);
    return rc;
}

mu_identity *mu_identity_ref(mu_identity *identity)
{
    if (identity)
        atomic_fetch_add(&identity->refs, 1);
    return identity;
}

void mu_identity_free(mu_identity *identity)
{
    if (!identity || atomic_fetch_sub(&identity->refs, 1) != 1)
        return;
    EVP_PKEY_free(identity->key);
    sk_X509_pop_free(identity->chain, X509_free);
    free(identity->source);
    free(identity);
}

X509 *mu_identity_get0_cert(const mu_identity *identity)
{
    return sk_X509_value(identity->chain, 0);
}

STACK_OF(X509) * mu_identity_get0_chain(const mu_identity *identity)
{
    return identity->chain;
}

EVP_PKEY *mu_identity_get0_key(const mu_identity *identity)
{
    return identity->key;
}

const char *mu_identity_source(const mu_identity *identity)
{
    return identity->source;
}
