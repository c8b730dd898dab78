#include "keytool/cert_make.h"
#include "base/ossl.h"
#include "keytool/md2.h"

#include <openssl/bn.h>
#include <openssl/rand.h>

#define SERIAL_BYTES 8

int mu_kt_signer(mu_kt *kt, const char *alias, const char *password, EVP_PKEY **ret_key, X509 **ret_cert)
{
    mu_entry *entry = mu_kt_store_entry(kt, alias);

    if (!entry)
        return -1;
    if (mu_entry_get_kind(entry) == MU_ENTRY_KEY && sk_X509_num(mu_entry_get0_chain(entry)) <= 0)
        return mu_kt_throw(kt, MU_E_KEYSTORE_NO_PRIVATE_KEY, MU_KT_EXCEPTION, "Alias <%s> has no certificate", alias);
    if (mu_kt_store_key(kt, alias, password, ret_key) != 0)
        return -1;
    *ret_cert = sk_X509_value(mu_entry_get0_chain(entry), 0); /* the key has settled it */
    return *ret_cert ? 0 : mu_kt_throw(kt, MU_E_KEYSTORE_NO_PRIVATE_KEY, MU_KT_EXCEPTION, "Alias <%s> has no certificate", alias);
}

/* RFC 5280 4.1.2.2 asks for a positive number; eight random bytes as the JDK takes. */
static bool set_serial(X509 *cert)
{
    unsigned char bytes[SERIAL_BYTES];
    BIGNUM *number = NULL;
    bool ok = RAND_bytes(bytes, sizeof bytes) == 1 && (number = BN_bin2bn(bytes, sizeof bytes, NULL)) != NULL &&
              (!BN_is_zero(number) || BN_one(number)) && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return ok;
}

static bool add_extensions(X509 *cert, const STACK_OF(X509_EXTENSION) *list)
{
    for (int i = 0; i < sk_X509_EXTENSION_num(list); i++)
        if (!X509_add_ext(cert, sk_X509_EXTENSION_value(list, i), -1))
            return false;
    return true;
}

static bool fill(const mu_kt *kt, const mu_kt_new_cert *what, X509 *cert)
{
    const X509_NAME *issuer = what->issuer ? X509_get_subject_name(what->issuer) : what->subject;
    return X509_set_version(cert, X509_VERSION_3) && set_serial(cert) && X509_set_subject_name(cert, what->subject) &&
           X509_set_issuer_name(cert, issuer) && ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)what->start_s) &&
           ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)(what->start_s + kt->days * MU_KT_DAY_S)) &&
           X509_set_pubkey(cert, what->key) && add_extensions(cert, what->extensions);
}

int mu_kt_cert_make(mu_kt *kt, const mu_kt_new_cert *what, X509 **ret_cert)
{
    X509 *cert = X509_new_ex(kt->libctx, NULL);
    EVP_MD_CTX *ctx = NULL;
    int rc = mu_kt_signing_begin(kt, &what->signing, what->signer_key, &ctx);

    mu_ossl_clear();
    if (rc == 0 && (!cert || !fill(kt, what, cert) || X509_sign_ctx(cert, ctx) <= 0 ||
                    (what->signing.md2 && !mu_kt_md2_sign(kt, cert, what->signer_key)))) {
        mu_fail_ossl(&kt->err, MU_E_ALGORITHM_UNAVAILABLE, "cannot make the certificate");
        rc = mu_kt_throw_err(kt, "java.security.cert.CertificateException");
    }
    if (rc == 0)
        *ret_cert = cert;
    else
        X509_free(cert);
    EVP_MD_CTX_free(ctx);
    return rc;
}
