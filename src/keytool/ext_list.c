/* The extensions of a certificate or request: where each comes from and which one wins. Source: RFC 5280 4.2.1.1, 4.2.1.2. */
#include "base/ossl.h"
#include "keytool/ext.h"

#include <openssl/evp.h>
#include <string.h>

static void oid_text(X509_EXTENSION *ext, char out[128])
{
    OBJ_obj2txt(out, 128, X509_EXTENSION_get_object(ext), 1);
}

int mu_kt_ext_put(mu_kt *kt, STACK_OF(X509_EXTENSION) *list, X509_EXTENSION *ext)
{
    char oid[128], other[128];
    int at = 0, order = 1;

    oid_text(ext, oid);
    for (; at < sk_X509_EXTENSION_num(list); at++) {
        oid_text(sk_X509_EXTENSION_value(list, at), other);
        order = strcmp(oid, other);
        if (order <= 0)
            break;
    }
    if (order == 0 && at < sk_X509_EXTENSION_num(list)) {
        X509_EXTENSION_free(sk_X509_EXTENSION_value(list, at));
        (void)sk_X509_EXTENSION_set(list, at, ext);
        return 0;
    }
    if (!sk_X509_EXTENSION_insert(list, ext, at)) {
        X509_EXTENSION_free(ext);
        return mu_fail_nomem(&kt->err);
    }
    return 0;
}

/* RFC 5280 4.2.1.2 (1): SHA-1 of the public key's bits. It names the key and protects nothing. */
static ASN1_OCTET_STRING *key_id(const mu_kt *kt, EVP_PKEY *key)
{
    X509_PUBKEY *info = NULL;
    const unsigned char *bits;
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t digest_len = 0;
    int len;
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();

    if (id && (!X509_PUBKEY_set(&info, key) || !X509_PUBKEY_get0_param(NULL, &bits, &len, NULL, info) ||
               !EVP_Q_digest(kt->libctx, "SHA1", NULL, bits, (size_t)len, digest, &digest_len) ||
               !ASN1_OCTET_STRING_set(id, digest, (int)digest_len))) {
        ASN1_OCTET_STRING_free(id);
        id = NULL;
    }
    X509_PUBKEY_free(info);
    return id;
}

static int put_encoded(mu_kt *kt, STACK_OF(X509_EXTENSION) *list, int nid, void *value)
{
    X509_EXTENSION *ext = value ? X509V3_EXT_i2d(nid, 0, value) : NULL;
    return ext ? mu_kt_ext_put(kt, list, ext)
               : mu_fail_ossl(&kt->err, MU_E_ALGORITHM_UNAVAILABLE, "cannot make the key's identifier");
}

static int add_subject_id(mu_kt *kt, EVP_PKEY *key, STACK_OF(X509_EXTENSION) *list)
{
    ASN1_OCTET_STRING *id = key_id(kt, key);
    int rc = put_encoded(kt, list, NID_subject_key_identifier, id);
    ASN1_OCTET_STRING_free(id);
    return rc;
}

/* The issuer's own identifier; of its key, if it has none that can be read. */
static int add_authority_id(mu_kt *kt, const X509 *issuer, STACK_OF(X509_EXTENSION) *list)
{
    const ASN1_OCTET_STRING *own = X509_get0_subject_key_id((X509 *)issuer);
    AUTHORITY_KEYID *aki = AUTHORITY_KEYID_new();
    int rc;

    if (aki)
        aki->keyid = own ? ASN1_OCTET_STRING_dup(own) : key_id(kt, X509_get0_pubkey(issuer));
    rc = put_encoded(kt, list, NID_authority_key_identifier, aki && aki->keyid ? aki : NULL);
    AUTHORITY_KEYID_free(aki);
    return rc;
}

static int add_copies(mu_kt *kt, const STACK_OF(X509_EXTENSION) *from, STACK_OF(X509_EXTENSION) *list)
{
    for (int i = 0; i < sk_X509_EXTENSION_num(from); i++) {
        X509_EXTENSION *copy = X509_EXTENSION_dup(sk_X509_EXTENSION_value(from, i));
        if (!copy)
            return mu_fail_nomem(&kt->err);
        if (mu_kt_ext_put(kt, list, copy) != 0)
            return -1;
    }
    return 0;
}

int mu_kt_ext_build(mu_kt *kt, EVP_PKEY *public_key, const mu_kt_ext_sources *from, STACK_OF(X509_EXTENSION) **ret)
{
    static const mu_kt_ext_sources none;
    STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
    int rc = list ? 0 : mu_fail_nomem(&kt->err);

    if (!from)
        from = &none;
    mu_ossl_clear();
    if (rc == 0)
        rc = add_subject_id(kt, public_key, list);
    if (rc == 0 && from->issuer && EVP_PKEY_eq(X509_get0_pubkey(from->issuer), public_key) != 1)
        rc = add_authority_id(kt, from->issuer, list);
    mu_ossl_clear();
    if (rc == 0 && from->existing)
        rc = add_copies(kt, from->existing, list);
    if (rc == 0 && from->requested)
        rc = mu_kt_ext_honor(kt, from->requested, list);
    for (size_t i = 0; i < kt->ext.count && rc == 0; i++)
        rc = mu_kt_ext_add(kt, kt->ext.items[i], list);
    if (rc == 0)
        *ret = list;
    else
        sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    return rc;
}
