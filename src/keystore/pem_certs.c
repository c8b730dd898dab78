#include "keystore_internal.h"

#include <openssl/cms.h>

static int push_cert(STACK_OF(X509) * certs, X509 *cert, mu_err **err)
{
    if (cert && sk_X509_push(certs, cert))
        return 0;
    X509_free(cert);
    return mu_fail_nomem(err);
}

/* Once more through DER: what a CMS holds belongs to another library context. */
static int add_cms_certs(OSSL_LIB_CTX *libctx, CMS_ContentInfo *cms, STACK_OF(X509) * certs, mu_err **err)
{
    STACK_OF(X509) *inside = CMS_get1_certs(cms);
    int rc = 0;
    for (int i = 0; rc == 0 && i < sk_X509_num(inside); i++) {
        unsigned char *der = NULL;
        int len = i2d_X509(sk_X509_value(inside, i), &der);
        rc = push_cert(certs, len > 0 ? mu_cert_from_der(libctx, der, (size_t)len) : NULL, err);
        OPENSSL_free(der);
    }
    sk_X509_pop_free(inside, X509_free);
    return rc;
}

/* 0 added, 1 no PKCS #7 */
static int try_cms(OSSL_LIB_CTX *libctx, mu_bytes der, STACK_OF(X509) * certs, STACK_OF(X509_CRL) * crls, mu_err **err)
{
    const unsigned char *p = der.data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.len);
    if (!cms)
        return 1;
    int rc = certs ? add_cms_certs(libctx, cms, certs, err) : 0;
    STACK_OF(X509_CRL) *inside = rc == 0 && crls ? CMS_get1_crls(cms) : NULL;
    while (sk_X509_CRL_num(inside) > 0 && rc == 0) {
        X509_CRL *crl = sk_X509_CRL_shift(inside);
        if (!sk_X509_CRL_push(crls, crl)) {
            X509_CRL_free(crl);
            rc = mu_fail_nomem(err);
        }
    }
    sk_X509_CRL_pop_free(inside, X509_CRL_free);
    CMS_ContentInfo_free(cms);
    return rc;
}

static bool is_cms(const mu_pem_block *block)
{
    return strcmp(block->label, "PKCS7") == 0 || strcmp(block->label, "PKCS #7 SIGNED DATA") == 0 ||
           strcmp(block->label, "CMS") == 0;
}

static int push_crl(OSSL_LIB_CTX *libctx, mu_bytes der, STACK_OF(X509_CRL) * crls, mu_err **err)
{
    const unsigned char *p = der.data;
    X509_CRL *crl = X509_CRL_new_ex(libctx, NULL);
    mu_ossl_clear();
    if (!crl || !d2i_X509_CRL(&crl, &p, (long)der.len))
        return mu_fail_ossl(err, MU_E_STORE_DAMAGED, "a CRL cannot be decoded");
    if (sk_X509_CRL_push(crls, crl))
        return 0;
    X509_CRL_free(crl);
    return mu_fail_nomem(err);
}

/* The certificates of a block, or its CRLs: one of the stacks is NULL. */
static int add_block(OSSL_LIB_CTX *libctx, const mu_pem_block *block, STACK_OF(X509) * certs, STACK_OF(X509_CRL) * crls,
                     mu_err **err)
{
    mu_ossl_clear();
    if (is_cms(block)) {
        int rc = try_cms(libctx, block->der, certs, crls, err);
        return rc == 1 && certs ? mu_fail_ossl(err, MU_E_STORE_DAMAGED, "a PKCS#7 block cannot be decoded") : rc < 0 ? -1 : 0;
    }
    if (crls)
        return strcmp(block->label, "X509 CRL") == 0 ? push_crl(libctx, block->der, crls, err) : 0;
    if (!mu_pem_is_cert(block))
        return 0;
    /* OpenSSL's trust settings behind a TRUSTED CERTIFICATE are not ours: the certificate alone counts */
    X509 *cert = mu_cert_from_der(libctx, block->der.data, block->der.len);
    return cert ? push_cert(certs, cert, err) : mu_fail_ossl(err, MU_E_STORE_DAMAGED, "a certificate in the PEM cannot be decoded");
}

static int parse_pem(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len, STACK_OF(X509) * certs, STACK_OF(X509_CRL) * crls,
                     mu_err **err)
{
    mu_pem_block block;
    size_t pos = 0;
    int found, rc = 0;
    while (rc == 0 && (found = mu_pem_next(data, len, &pos, &block, err)) != 0) {
        if (found < 0)
            return -1;
        rc = add_block(libctx, &block, certs, crls, err);
        mu_pem_block_done(&block);
    }
    return rc;
}

/* One certificate after the other, or a PKCS #7. */
static int parse_der(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len, STACK_OF(X509) * certs, mu_err **err)
{
    size_t used;
    mu_ossl_clear();
    int cms = try_cms(libctx, (mu_bytes){(uint8_t *)(uintptr_t)data, len}, certs, NULL, err);
    if (cms != 1)
        return cms;
    while (len > 0) {
        if (mu_ber_scan(data, len, 64, &used, NULL) != 0)
            return mu_fail(err, MU_E_PEM_GARBAGE, "this is no certificate, neither PEM nor DER");
        mu_ossl_clear();
        X509 *cert = mu_cert_from_der(libctx, data, used);
        if (!cert)
            return mu_fail_ossl(err, MU_E_PEM_GARBAGE, "this is no certificate, neither PEM nor DER");
        if (push_cert(certs, cert, err) != 0)
            return -1;
        data += used;
        len -= used;
    }
    return 0;
}

int mu_certs_parse(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len, STACK_OF(X509) * *ret_certs, mu_err **err)
{
    if (mu_pem_check_text(data, len, err) != 0)
        return -1;
    STACK_OF(X509) *certs = sk_X509_new_null();
    if (!certs)
        return mu_fail_nomem(err);
    int rc =
        mu_pem_has_block(data, len) ? parse_pem(libctx, data, len, certs, NULL, err) : parse_der(libctx, data, len, certs, err);
    if (rc == 0 && sk_X509_num(certs) == 0)
        rc = mu_fail(err, MU_E_PEM_GARBAGE, "there is no certificate in it");
    if (rc == 0)
        *ret_certs = certs;
    else
        sk_X509_pop_free(certs, X509_free);
    return rc;
}

int mu_crls_parse(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len, STACK_OF(X509_CRL) * *ret_crls, mu_err **err)
{
    if (mu_pem_check_text(data, len, err) != 0)
        return -1;
    STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
    if (!crls)
        return mu_fail_nomem(err);
    int rc = mu_pem_has_block(data, len) ? parse_pem(libctx, data, len, NULL, crls, err)
                                         : push_crl(libctx, (mu_bytes){(uint8_t *)(uintptr_t)data, len}, crls, err);
    if (rc == 0 && sk_X509_CRL_num(crls) == 0)
        rc = mu_fail(err, MU_E_PEM_GARBAGE, "there is no CRL in it");
    if (rc == 0)
        *ret_crls = crls;
    else
        sk_X509_CRL_pop_free(crls, X509_CRL_free);
    return rc;
}
