#include "keystore_internal.h"

ASN1_SEQUENCE(MU_CONTENT) = {
    ASN1_SIMPLE(MU_CONTENT, type, ASN1_OBJECT),
    ASN1_EXP_OPT(MU_CONTENT, content, ASN1_ANY, 0),
} ASN1_SEQUENCE_END(MU_CONTENT)

ASN1_SEQUENCE(MU_ENCRYPTED_CONTENT) = {
    ASN1_SIMPLE(MU_ENCRYPTED_CONTENT, type, ASN1_OBJECT),
    ASN1_SIMPLE(MU_ENCRYPTED_CONTENT, algor, X509_ALGOR),
    ASN1_IMP_OPT(MU_ENCRYPTED_CONTENT, data, ASN1_OCTET_STRING, 0),
} ASN1_SEQUENCE_END(MU_ENCRYPTED_CONTENT)

ASN1_SEQUENCE(MU_ENCRYPTED_DATA) = {
    ASN1_SIMPLE(MU_ENCRYPTED_DATA, version, ASN1_INTEGER),
    ASN1_SIMPLE(MU_ENCRYPTED_DATA, content, MU_ENCRYPTED_CONTENT),
} ASN1_SEQUENCE_END(MU_ENCRYPTED_DATA)

ASN1_SEQUENCE(MU_BAG) = {
    ASN1_SIMPLE(MU_BAG, type, ASN1_OBJECT),
    ASN1_EXP_OPT(MU_BAG, value, ASN1_ANY, 0),
    ASN1_SET_OF_OPT(MU_BAG, attrs, X509_ATTRIBUTE),
} ASN1_SEQUENCE_END(MU_BAG)

ASN1_SEQUENCE(MU_MAC) = {
    ASN1_SIMPLE(MU_MAC, digest, X509_SIG),
    ASN1_SIMPLE(MU_MAC, salt, ASN1_OCTET_STRING),
    ASN1_OPT(MU_MAC, iterations, ASN1_INTEGER),
} ASN1_SEQUENCE_END(MU_MAC)

ASN1_SEQUENCE(MU_PFX) = {
    ASN1_SIMPLE(MU_PFX, version, ASN1_INTEGER),
    ASN1_SIMPLE(MU_PFX, authsafe, MU_CONTENT),
    ASN1_OPT(MU_PFX, mac, MU_MAC),
} ASN1_SEQUENCE_END(MU_PFX)

void *mu_item_read(const ASN1_ITEM *item, mu_bytes bytes, const char *what, mu_err **err)
{
    const unsigned char *p = bytes.data;
    mu_ossl_clear();
    void *value = bytes.data ? ASN1_item_d2i(NULL, &p, (long)bytes.len, item) : NULL;
    if (!value)
        mu_fail_ossl(err, MU_E_STORE_DAMAGED, "%s cannot be decoded", what);
    return value;
}

int mu_item_write(const void *value, const ASN1_ITEM *item, mu_bytes *ret, mu_err **err)
{
    unsigned char *der = NULL;
    int len = ASN1_item_i2d(value, &der, item);
    if (len < 0)
        return mu_fail_ossl(err, MU_E_INTERNAL, "cannot encode");
    *ret = (mu_bytes){der, (size_t)len};
    return 0;
}

void mu_bytes_clear(mu_bytes *bytes)
{
    OPENSSL_clear_free(bytes->data, bytes->len);
    *bytes = (mu_bytes){NULL, 0};
}

int mu_bytes_set(mu_bytes *bytes, const void *data, size_t len, mu_err **err)
{
    uint8_t *copy = OPENSSL_malloc(len + 1);
    if (!copy)
        return mu_fail_nomem(err);
    if (len)
        memcpy(copy, data, len);
    copy[len] = 0;
    mu_bytes_clear(bytes);
    *bytes = (mu_bytes){copy, len};
    return 0;
}

mu_bytes mu_bytes_of(const ASN1_STRING *string)
{
    return (mu_bytes){(uint8_t *)(uintptr_t)ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string)};
}
