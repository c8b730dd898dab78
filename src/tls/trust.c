#include "tls/tls_internal.h"

#include "base/ossl.h"
#include "base/text.h"

#include <stdlib.h>

int mu_trust_new(const char *source, mu_trust **ret_trust, mu_err **err)
{
    mu_trust *trust = calloc(1, sizeof *trust);
    if (!trust)
        return mu_fail_nomem(err);
    atomic_init(&trust->refs, 1);
    trust->certs = sk_X509_new_null();
    trust->source = mu_escape_dup(source, strlen(source));
    if (!trust->certs || !trust->source) {
        mu_trust_free(trust);
        return mu_fail_nomem(err);
    }
    *ret_trust = trust;
    return 0;
}

int mu_trust_add_cert(mu_trust *trust, X509 *cert, mu_err **err)
{
    X509_up_ref(cert);
    if (sk_X509_push(trust->certs, cert))
        return 0;
    X509_free(cert);
    return mu_fail_nomem(err);
}

/* The trust of a key entry is its leaf, as in a JVM. */
static X509 *entry_cert(const mu_entry *entry)
{
    return mu_entry_get_kind(entry) == MU_ENTRY_SECRET ? NULL : sk_X509_value(mu_entry_get0_chain(entry), 0);
}

static bool is_foreign_key(const mu_entry *entry)
{
    X509 *leaf = entry_cert(entry);
    return mu_entry_get_kind(entry) == MU_ENTRY_KEY && leaf && !mu_cert_is_self_signed(leaf);
}

static int explain_empty(const mu_trust *trust, const mu_store *store, mu_err **err)
{
    if (mu_store_has_skipped(store))
        return mu_fail(err, MU_E_P12_READ_WITHOUT_PASSWORD, "\"%s\" was read without a password, so its certificates stayed hidden",
                       trust->source);
    if (sk_X509_num(mu_store_get0_loose_certs(store)) > 0)
        return mu_fail(err, MU_E_P12_NO_JAVA_TRUST, "\"%s\" has certificates, but none is marked as trusted", trust->source);
    return mu_fail(err, MU_E_TRUSTSTORE_EMPTY, "\"%s\" holds no trusted certificate", trust->source);
}

int mu_trust_add_store(mu_trust *trust, const mu_store *store, mu_err **err)
{
    size_t found = 0, foreign_keys = 0;
    for (size_t i = 0; i < mu_store_count(store); i++) {
        const mu_entry *entry = mu_store_entry(store, i);
        found += entry_cert(entry) != NULL;
        foreign_keys += is_foreign_key(entry);
    }
    if (found == 0)
        return explain_empty(trust, store, err);
    if (foreign_keys == found)
        return mu_fail(err, MU_E_STORE_SWAPPED,
                       "\"%s\" holds private keys and no trusted certificate: it is an identity, not a trust store", trust->source);
    for (size_t i = 0; i < mu_store_count(store); i++) {
        X509 *cert = entry_cert(mu_store_entry(store, i));
        if (cert && mu_trust_add_cert(trust, cert, err) != 0)
            return -1;
    }
    return 0;
}

int mu_trust_add_crl(mu_trust *trust, X509_CRL *crl, mu_err **err)
{
    if (!trust->crls && !(trust->crls = sk_X509_CRL_new_null()))
        return mu_fail_nomem(err);
    X509_CRL_up_ref(crl);
    if (sk_X509_CRL_push(trust->crls, crl))
        return 0;
    X509_CRL_free(crl);
    return mu_fail_nomem(err);
}

static X509_CRL *clone_crl(X509_CRL *crl, OSSL_LIB_CTX *libctx)
{
    uint8_t *der = NULL;
    int len = i2d_X509_CRL(crl, &der);
    const uint8_t *p = der;
    X509_CRL *copy = X509_CRL_new_ex(libctx, NULL);
    if (len <= 0 || !copy || !d2i_X509_CRL(&copy, &p, len)) {
        X509_CRL_free(copy);
        copy = NULL;
    }
    OPENSSL_free(der);
    return copy;
}

static int clone_into(mu_trust *copy, const mu_trust *trust, OSSL_LIB_CTX *libctx, mu_err **err)
{
    sk_X509_free(copy->certs);
    copy->certs = mu_tls_clone_certs(trust->certs, libctx);
    if (!copy->certs)
        return mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "the certificates of %s cannot be handed to another worker",
                            trust->source);
    for (int i = 0; i < sk_X509_CRL_num(trust->crls); i++) {
        X509_CRL *crl = clone_crl(sk_X509_CRL_value(trust->crls, i), libctx);
        int rc =
            crl ? mu_trust_add_crl(copy, crl, err)
                : mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "a CRL of %s cannot be handed to another worker", trust->source);
        X509_CRL_free(crl);
        if (rc != 0)
            return -1;
    }
    return 0;
}

int mu_trust_clone(const mu_trust *trust, OSSL_LIB_CTX *libctx, mu_trust **ret_trust, mu_err **err)
{
    mu_trust *copy = calloc(1, sizeof *copy);
    if (!copy)
        return mu_fail_nomem(err);
    mu_ossl_clear();
    atomic_init(&copy->refs, 1);
    copy->source = mu_strdup(trust->source);
    if (!copy->source ? mu_fail_nomem(err) : clone_into(copy, trust, libctx, err)) {
        mu_trust_free(copy);
        return -1;
    }
    *ret_trust = copy;
    return 0;
}

mu_trust *mu_trust_ref(mu_trust *trust)
{
    if (trust)
        atomic_fetch_add(&trust->refs, 1);
    return trust;
}

void mu_trust_free(mu_trust *trust)
{
    if (!trust || atomic_fetch_sub(&trust->refs, 1) != 1)
        return;
    sk_X509_pop_free(trust->certs, X509_free);
    sk_X509_CRL_pop_free(trust->crls, X509_CRL_free);
    free(trust->source);
    free(trust);
}

size_t mu_trust_count(const mu_trust *trust)
{
    return (size_t)sk_X509_num(trust->certs);
}

STACK_OF(X509) * mu_trust_get0_certs(const mu_trust *trust)
{
    return trust->certs;
}

STACK_OF(X509_CRL) * mu_trust_get0_crls(const mu_trust *trust)
{
    return trust->crls;
}

const char *mu_trust_source(const mu_trust *trust)
{
    return trust->source;
}
