#include "pki/chain_internal.h"

#include "base/clock.h"
#include "base/ossl.h"
#include <openssl/x509v3.h>

bool mu_cert_names_issuer(X509 *cert, X509 *issuer)
{
    int answer = X509_check_issued(issuer, cert);
    return answer == X509_V_OK || answer == X509_V_ERR_KEYUSAGE_NO_CERTSIGN;
}

bool mu_cert_signed_by(X509 *cert, X509 *issuer)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    bool ok = key && X509_verify(cert, key) == 1;
    mu_ossl_clear();
    return ok;
}

bool mu_cert_valid_at(const X509 *cert, int64_t at_s)
{
    return mu_time_from_asn1(X509_get0_notBefore(cert)) <= at_s && at_s <= mu_time_from_asn1(X509_get0_notAfter(cert));
}

bool mu_certs_have(const STACK_OF(X509) *certs, const X509 *cert)
{
    for (int i = 0; i < sk_X509_num(certs); i++)
        if (X509_cmp(sk_X509_value(certs, i), cert) == 0)
            return true;
    return false;
}

static X509 *find_issuer(X509 *cert, const STACK_OF(X509) *pool, const STACK_OF(X509) *used)
{
    for (int i = 0; i < sk_X509_num(pool); i++) {
        X509 *issuer = sk_X509_value(pool, i);
        if (mu_cert_names_issuer(cert, issuer) && !mu_certs_have(used, issuer) && mu_cert_signed_by(cert, issuer))
            return issuer;
    }
    return NULL;
}

int mu_chain_build(X509 *leaf, STACK_OF(X509) *pool, STACK_OF(X509) **ret_chain, mu_err **err)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509 *next = leaf;

    if (!chain)
        return mu_fail_nomem(err);
    while (next) {
        if (!X509_add_cert(chain, next, X509_ADD_FLAG_UP_REF)) {
            sk_X509_pop_free(chain, X509_free);
            return mu_fail_nomem(err);
        }
        next = X509_self_signed(next, 1) == 1 ? NULL : find_issuer(next, pool, chain);
        mu_ossl_clear();
    }
    *ret_chain = chain;
    return 0;
}
