#include "keystore_internal.h"

#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>

EVP_PKEY *mu_key_from_der(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len)
{
    const unsigned char *p = data;
    return len <= LONG_MAX ? d2i_AutoPrivateKey_ex(NULL, &p, (long)len, libctx, NULL) : NULL;
}

int mu_key_to_p8(const EVP_PKEY *key, mu_bytes *ret, mu_err **err)
{
    unsigned char *der = NULL;
    mu_ossl_clear();
    PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
    int len = p8 ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der) : -1;
    PKCS8_PRIV_KEY_INFO_free(p8);
    if (len < 0)
        return mu_fail_ossl(err, MU_E_PRIVATE_KEY_INACCESSIBLE, "the private key cannot be written out");
    *ret = (mu_bytes){der, (size_t)len};
    return 0;
}

int mu_p8_shroud(mu_crypt *crypt, const mu_pbe *pbe, const char *password, mu_bytes p8, mu_bytes *ret, mu_err **err)
{
    X509_ALGOR *algor = NULL, *slot;
    ASN1_OCTET_STRING *data;
    mu_bytes encrypted = {NULL, 0};
    X509_SIG *sig = X509_SIG_new();
    int rc = sig ? mu_pbe_encrypt(crypt, pbe, password, p8.data, p8.len, &algor, &encrypted, err) : mu_fail_nomem(err);
    if (rc == 0) {
        X509_SIG_getm(sig, &slot, &data);
        rc = X509_ALGOR_copy(slot, algor) && ASN1_OCTET_STRING_set(data, encrypted.data, (int)encrypted.len)
                 ? mu_item_write(sig, ASN1_ITEM_rptr(X509_SIG), ret, err)
                 : mu_fail_nomem(err);
    }
    mu_bytes_clear(&encrypted);
    X509_ALGOR_free(algor);
    X509_SIG_free(sig);
    return rc;
}

/* With noise for a key, a wrong password has passed the padding by chance. */
static int check_p8(mu_bytes *p8, mu_code wrong, mu_err **err)
{
    const unsigned char *p = p8->data;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)p8->len);
    if (info) {
        PKCS8_PRIV_KEY_INFO_free(info);
        return 0;
    }
    mu_bytes_clear(p8);
    return mu_fail_ossl(err, wrong, "the password does not decrypt it");
}

int mu_p8_unshroud(mu_crypt *crypt, mu_bytes shrouded, const char *password, bool charge, mu_code wrong, mu_bytes *ret,
                   mu_err **err)
{
    const X509_ALGOR *algor;
    const ASN1_OCTET_STRING *data;
    X509_SIG *sig = mu_item_read(ASN1_ITEM_rptr(X509_SIG), shrouded, "an encrypted private key", err);
    if (!sig)
        return -1;
    X509_SIG_get0(sig, &algor, &data);
    int rc = mu_pbe_decrypt(crypt, algor, password, data, charge, wrong, ret, err);
    if (rc == 0)
        rc = check_p8(ret, wrong, err);
    X509_SIG_free(sig);
    return rc;
}

/* RFC 3279 2.3.2: a DSA key in a certificate may leave its parameters to the issuer's. OpenSSL does not decode such a key, but its
   public value can be compared. */
static bool equal_dsa_value(const X509 *cert, const EVP_PKEY *key)
{
    mu_bytes bits = mu_bytes_of(X509_get0_pubkey_bitstr(cert));
    const unsigned char *p = bits.data;
    BIGNUM *ours = NULL, *theirs = NULL;
    ASN1_INTEGER *number = EVP_PKEY_is_a(key, "DSA") ? d2i_ASN1_INTEGER(NULL, &p, (long)bits.len) : NULL;
    bool equal = number && (theirs = ASN1_INTEGER_to_BN(number, NULL)) &&
                 EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PUB_KEY, &ours) && BN_cmp(ours, theirs) == 0;
    ASN1_INTEGER_free(number);
    BN_free(ours);
    BN_free(theirs);
    return equal;
}

bool mu_cert_belongs(const X509 *cert, const EVP_PKEY *key)
{
    const EVP_PKEY *public_key = X509_get0_pubkey(cert);
    bool yes = public_key ? EVP_PKEY_eq(public_key, key) == 1 : equal_dsa_value(cert, key);
    mu_ossl_clear();
    return yes;
}

X509 *mu_cert_from_der(OSSL_LIB_CTX *libctx, const uint8_t *data, size_t len)
{
    const unsigned char *p = data;
    X509 *cert = X509_new_ex(libctx, NULL);
    /* d2i frees what it was given when it fails */
    return cert && len <= LONG_MAX ? d2i_X509(&cert, &p, (long)len) : NULL;
}
