/* Certificate requests: PKCS #10, RFC 2986. */
#include "base/ossl.h"
#include "pki/internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

static bool add_names(X509_REQ *csr, const GENERAL_NAMES *names, bool critical)
{
    STACK_OF(X509_EXTENSION) *exts = NULL;
    bool ok = X509V3_add1_i2d(&exts, NID_subject_alt_name, (void *)names, critical, X509V3_ADD_DEFAULT) == 1 &&
              X509_REQ_add_extensions(csr, exts) == 1;
    sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
    return ok;
}

static bool fill(X509_REQ *csr, EVP_PKEY *key, const X509_NAME *subject, const GENERAL_NAMES *names)
{
    return X509_REQ_set_version(csr, X509_REQ_VERSION_1) && X509_REQ_set_subject_name(csr, subject) &&
           X509_REQ_set_pubkey(csr, key) &&
           (!names || sk_GENERAL_NAME_num(names) == 0 || add_names(csr, names, X509_NAME_entry_count(subject) == 0));
}

int mu_csr_build(OSSL_LIB_CTX *libctx, EVP_PKEY *key, const X509_NAME *subject, const GENERAL_NAMES *names, X509_REQ **ret_csr,
                 mu_err **err)
{
    EVP_MD_CTX *ctx = NULL;
    X509_REQ *csr = X509_REQ_new_ex(libctx, NULL);
    int rc = csr ? 0 : mu_fail_nomem(err);

    mu_ossl_clear();
    if (rc == 0 && !fill(csr, key, subject, names))
        rc = mu_fail_ossl(err, MU_E_INTERNAL, "cannot build the certificate request");
    if (rc == 0 && !(ctx = mu_key_sign_ctx(libctx, key, err)))
        rc = -1;
    if (rc == 0 && X509_REQ_sign_ctx(csr, ctx) <= 0)
        rc = mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "cannot sign the certificate request");
    if (rc == 0) {
        *ret_csr = csr;
        csr = NULL;
    }
    EVP_MD_CTX_free(ctx);
    X509_REQ_free(csr);
    return rc;
}

/* OpenSSL's reader knows both BEGIN lines and passes over text, but not over a byte order mark in front of BEGIN. */
static int read_pem(OSSL_LIB_CTX *libctx, const uint8_t *begin, size_t len, X509_REQ **ret_csr, mu_err **err)
{
    BIO *bio = BIO_new_mem_buf(begin, (int)len);
    X509_REQ *csr = X509_REQ_new_ex(libctx, NULL);
    int rc = bio && csr ? 0 : mu_fail_nomem(err);

    if (rc == 0 && !PEM_read_bio_X509_REQ(bio, &csr, NULL, (void *)"")) {
        unsigned long reason = ERR_peek_last_error();
        bool none = ERR_GET_LIB(reason) == ERR_LIB_PEM && ERR_GET_REASON(reason) == PEM_R_NO_START_LINE;
        rc = none ? mu_fail(err, MU_E_PEM_GARBAGE, "there is no certificate request in this PEM text")
                  : mu_fail_ossl(err, MU_E_STORE_DAMAGED, "the certificate request is damaged");
    }
    BIO_free(bio);
    if (rc == 0)
        *ret_csr = csr;
    else
        X509_REQ_free(csr);
    return rc;
}

static int read_der(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len, X509_REQ **ret_csr, mu_err **err)
{
    const unsigned char *at = data;
    X509_REQ *csr = X509_REQ_new_ex(libctx, NULL);
    if (!csr)
        return mu_fail_nomem(err);
    if (len == 0 || data[0] != (V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED)) {
        X509_REQ_free(csr);
        return mu_fail(err, MU_E_PEM_GARBAGE, "this is no certificate request: neither PEM nor DER");
    }
    if (!d2i_X509_REQ(&csr, &at, (long)len)) /* frees csr when it fails */
        return mu_fail_ossl(err, MU_E_STORE_DAMAGED, "the certificate request is damaged");
    if (at != data + len) {
        X509_REQ_free(csr);
        mu_fail(err, MU_E_STORE_DAMAGED, "there is more behind the certificate request");
        return mu_err_detail(err, "at byte %zu of %zu", (size_t)(at - data), len);
    }
    *ret_csr = csr;
    return 0;
}

static int prove_possession(OSSL_LIB_CTX *libctx, X509_REQ *csr, mu_err **err)
{
    EVP_PKEY *key = X509_REQ_get0_pubkey(csr);
    if (!key)
        return mu_fail_ossl(err, MU_E_STORE_DAMAGED, "the key in the certificate request cannot be read");
    if (X509_REQ_verify_ex(csr, key, libctx, NULL) == 1)
        return 0;
    char *subject = mu_name_text(X509_REQ_get_subject_name(csr));
    mu_fail_ossl(err, MU_E_SIGNATURE_INVALID, "the certificate request is not signed with its own key");
    mu_err_detail(err, "subject \"%s\"", subject ? subject : "");
    free(subject);
    return -1;
}

int mu_csr_read(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len, X509_REQ **ret_csr, mu_err **err)
{
    X509_REQ *csr = NULL;
    const uint8_t *begin = len > 0 ? memmem(data, len, "-----BEGIN ", 11) : NULL;

    mu_ossl_clear();
    if (len > INT32_MAX)
        return mu_fail(err, MU_E_STORE_LIMIT_EXCEEDED, "this is too big for a certificate request");
    if ((begin ? read_pem(libctx, begin, len - (size_t)(begin - data), &csr, err) : read_der(libctx, data, len, &csr, err)) != 0)
        return -1;
    if (prove_possession(libctx, csr, err) != 0) {
        X509_REQ_free(csr);
        return -1;
    }
    *ret_csr = csr;
    return 0;
}

GENERAL_NAMES *mu_csr_names(const X509_REQ *csr)
{
    STACK_OF(X509_EXTENSION) *exts = X509_REQ_get_extensions((X509_REQ *)csr); /* const from 4.0 */
    GENERAL_NAMES *names = X509V3_get_d2i(exts, NID_subject_alt_name, NULL, NULL);
    sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
    mu_ossl_clear();
    return names;
}
