#include "keystore_internal.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

/* id-PBMAC1; OpenSSL names it, but does not compute it before 3.4. */
#define MIN_PBMAC1_KEY_LEN 20 /* RFC 9879 section 7: shorter keys let the MAC be guessed */
#define MAX_PBMAC1_KEY_LEN 128

const mu_mac mu_mac_default = {
    .present = true, .digest = NID_sha256, .prf = NID_hmacWithSHA256, .iterations = MU_DEFAULT_ITERATIONS};

static const struct {
    int digest, hmac;
    const char *name, *jdk_name;
} digests[] = {
    {NID_sha1, NID_hmacWithSHA1, "SHA1", "SHA1"},
    {NID_sha224, NID_hmacWithSHA224, "SHA224", "SHA224"},
    {NID_sha256, NID_hmacWithSHA256, "SHA256", "SHA256"},
    {NID_sha384, NID_hmacWithSHA384, "SHA384", "SHA384"},
    {NID_sha512, NID_hmacWithSHA512, "SHA512", "SHA512"},
    {NID_sha512_224, NID_hmacWithSHA512_224, "SHA512-224", "SHA512/224"},
    {NID_sha512_256, NID_hmacWithSHA512_256, "SHA512-256", "SHA512/256"},
};

/* Either column finds the row; -1 if there is none. */
static int row_of(int nid)
{
    for (size_t i = 0; i < sizeof digests / sizeof digests[0]; i++)
        if (digests[i].digest == nid || digests[i].hmac == nid)
            return (int)i;
    return -1;
}

static int row_of_algor(const X509_ALGOR *algor, mu_err **err)
{
    const ASN1_OBJECT *oid;
    char text[80];
    X509_ALGOR_get0(&oid, NULL, NULL, algor);
    int row = row_of(OBJ_obj2nid(oid));
    if (row < 0) {
        OBJ_obj2txt(text, sizeof text, oid, 0);
        mu_fail(err, MU_E_ALGORITHM_UNAVAILABLE, "this MAC algorithm is not supported");
        mu_err_detail(err, "%s", text);
    }
    return row;
}

static bool is_pbmac1(const X509_ALGOR *algor)
{
    const ASN1_OBJECT *oid;
    X509_ALGOR_get0(&oid, NULL, NULL, algor);
    return OBJ_obj2nid(oid) == NID_pbmac1;
}

/* PBMAC1-params has the shape of PBES2-params. The caller frees both. */
static int open_pbmac1(const X509_ALGOR *algor, PBE2PARAM **ret_param, PBKDF2PARAM **ret_kdf, mu_err **err)
{
    const ASN1_OBJECT *oid;
    const void *value;
    int type;
    X509_ALGOR_get0(NULL, &type, &value, algor);
    if (type != V_ASN1_SEQUENCE)
        return mu_fail(err, MU_E_STORE_DAMAGED, "PBMAC1 without parameters");
    if (!(*ret_param = mu_item_read(ASN1_ITEM_rptr(PBE2PARAM), mu_bytes_of(value), "PBMAC1", err)))
        return -1;
    X509_ALGOR_get0(&oid, &type, &value, (*ret_param)->keyfunc);
    if (OBJ_obj2nid(oid) != NID_id_pbkdf2)
        return mu_fail(err, MU_E_ALGORITHM_UNAVAILABLE, "PBMAC1 with another key derivation than PBKDF2 is not supported");
    if (type != V_ASN1_SEQUENCE)
        return mu_fail(err, MU_E_STORE_DAMAGED, "PBKDF2 without parameters");
    return (*ret_kdf = mu_item_read(ASN1_ITEM_rptr(PBKDF2PARAM), mu_bytes_of(value), "PBKDF2", err)) ? 0 : -1;
}

static int check_pbmac1(const PBE2PARAM *param, const PBKDF2PARAM *kdf, mu_mac *ret, mu_err **err)
{
    int hmac = row_of_algor(param->encryption, err), prf = kdf->prf ? row_of_algor(kdf->prf, err) : 0;
    if (hmac < 0 || prf < 0)
        return -1;
    if (kdf->salt->type != V_ASN1_OCTET_STRING || ASN1_STRING_length(kdf->salt->value.octet_string) > MU_MAX_SALT_LEN)
        return mu_fail(err, MU_E_STORE_LIMIT_EXCEEDED, "the salt of the MAC is too long");
    /* RFC 9879 section 4: the keyLength field MUST be present. */
    if (!kdf->keylength)
        return mu_fail(err, MU_E_STORE_DAMAGED, "PBMAC1 gives no key length, which RFC 9879 demands");
    long len = mu_asn1_long(kdf->keylength);
    if (len < MIN_PBMAC1_KEY_LEN || len > MAX_PBMAC1_KEY_LEN) {
        mu_fail(err, MU_E_STORE_DAMAGED, "the key length of PBMAC1 is not between %d and %d", MIN_PBMAC1_KEY_LEN,
                MAX_PBMAC1_KEY_LEN);
        return -1;
    }
    *ret = (mu_mac){true, true, digests[hmac].digest, digests[prf].hmac, mu_asn1_long(kdf->iter)};
    return 0;
}

int mu_mac_inspect(const MU_MAC *mac, mu_mac *ret, mu_err **err)
{
    const X509_ALGOR *algor;
    PBE2PARAM *param = NULL;
    PBKDF2PARAM *kdf = NULL;
    X509_SIG_get0(mac->digest, &algor, NULL);
    if (is_pbmac1(algor)) {
        int rc = open_pbmac1(algor, &param, &kdf, err) == 0 && check_pbmac1(param, kdf, ret, err) == 0 ? 0 : -1;
        PBE2PARAM_free(param);
        PBKDF2PARAM_free(kdf);
        return rc;
    }
    int row = row_of_algor(algor, err);
    if (row < 0)
        return -1;
    if (ASN1_STRING_length(mac->salt) > MU_MAX_SALT_LEN)
        return mu_fail(err, MU_E_STORE_LIMIT_EXCEEDED, "the salt of the MAC is too long");
    *ret = (mu_mac){true, false, digests[row].digest, digests[row].hmac, mac->iterations ? mu_asn1_long(mac->iterations) : 1};
    return 0;
}

/* PBKDF2 with the UTF-8 password, then HMAC: RFC 9879 section 4. */
static int pbkdf2(OSSL_LIB_CTX *libctx, const char *digest, const char *password, mu_bytes salt, long iterations, uint8_t *key,
                  size_t key_len)
{
    uint64_t count = (uint64_t)iterations;
    int plain = 1; /* no lower bounds as in SP 800-132: the file decides, within our limits */
    EVP_KDF *kdf = EVP_KDF_fetch(libctx, "PBKDF2", NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (char *)(uintptr_t)password, strlen(password)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt.data, salt.len),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_ITER, &count),
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &plain),
        OSSL_PARAM_construct_end(),
    };
    int rc = ctx && EVP_KDF_derive(ctx, key, key_len, params) == 1 ? 0 : -1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return rc;
}

static int pkcs12_kdf(OSSL_LIB_CTX *libctx, const char *digest, const char *password, int password_len, mu_bytes salt,
                      long iterations, uint8_t *key, size_t *ret_key_len)
{
    EVP_MD *md = EVP_MD_fetch(libctx, digest, NULL);
    int len = md ? EVP_MD_get_size(md) : 0;
    int rc = len > 0 && PKCS12_key_gen_utf8_ex(password, password_len, salt.data, (int)salt.len, PKCS12_MAC_ID, (int)iterations,
                                               len, key, md, libctx, NULL) == 1
                 ? 0
                 : -1;
    *ret_key_len = (size_t)len;
    EVP_MD_free(md);
    return rc;
}

/* @return the length of the MAC, 0 on failure */
static size_t hmac(OSSL_LIB_CTX *libctx, const char *digest, const uint8_t *key, size_t key_len, mu_bytes content,
                   uint8_t out[EVP_MAX_MD_SIZE])
{
    size_t len = 0;
    return EVP_Q_mac(libctx, "HMAC", NULL, digest, NULL, key, key_len, content.data, content.len, out, EVP_MAX_MD_SIZE, &len) ? len
                                                                                                                              : 0;
}

/* Compares with `expected`, or fills it when it is empty. @return 1 equal or filled, 0 different, -1 failed */
static int try_password(mu_crypt *crypt, const mu_mac *how, const char *password, int password_len, mu_bytes salt, size_t key_len,
                        mu_bytes content, mu_bytes *expected)
{
    uint8_t key[MAX_PBMAC1_KEY_LEN], mac[EVP_MAX_MD_SIZE];
    const char *digest = digests[row_of(how->digest)].name;
    int rc = how->pbmac1 ? pbkdf2(crypt->libctx, digests[row_of(how->prf)].name, password, salt, how->iterations, key, key_len)
                         : pkcs12_kdf(crypt->libctx, digest, password, password_len, salt, how->iterations, key, &key_len);
    size_t len = rc == 0 ? hmac(crypt->libctx, digest, key, key_len, content, mac) : 0;
    OPENSSL_cleanse(key, sizeof key);
    if (len == 0)
        return -1;
    if (!expected->data)
        return mu_bytes_set(expected, mac, len, NULL) == 0 ? 1 : -1;
    return expected->len == len && CRYPTO_memcmp(expected->data, mac, len) == 0;
}

static int check_forms(mu_crypt *crypt, const mu_mac *how, const char *password, mu_bytes salt, size_t key_len, mu_bytes content,
                       mu_bytes expected, mu_err **err)
{
    mu_forms forms;
    int found = 0;
    if (mu_forms_init(&forms, password, err) != 0)
        return -1;
    for (int i = 0; i < (how->pbmac1 ? 1 : forms.count) && found == 0; i++) {
        if (mu_crypt_charge(crypt, how->iterations, "the MAC", err) != 0) {
            mu_forms_done(&forms);
            return -1;
        }
        mu_ossl_clear();
        found = try_password(crypt, how, forms.text[i], forms.len[i], salt, key_len, content, &expected);
    }
    mu_forms_done(&forms);
    if (found < 0)
        return mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "the MAC cannot be computed");
    if (found == 0)
        return mu_fail(err, MU_E_STORE_WRONG_PASSWORD, "the password is wrong, or the file was altered: its MAC does not match");
    return 0;
}

int mu_mac_check(mu_crypt *crypt, const MU_MAC *mac, const char *password, mu_bytes content, mu_err **err)
{
    const X509_ALGOR *algor;
    const ASN1_OCTET_STRING *value;
    mu_mac how;
    PBE2PARAM *param = NULL;
    PBKDF2PARAM *kdf = NULL;
    mu_bytes salt = mu_bytes_of(mac->salt);
    size_t key_len = 0;
    int rc = -1;
    if (mu_mac_inspect(mac, &how, err) != 0)
        return -1;
    X509_SIG_get0(mac->digest, &algor, &value);
    if (how.pbmac1) {
        if (open_pbmac1(algor, &param, &kdf, err) != 0)
            goto out;
        salt = mu_bytes_of(kdf->salt->value.octet_string);
        key_len = (size_t)mu_asn1_long(kdf->keylength);
    }
    rc = check_forms(crypt, &how, password, salt, key_len, content, mu_bytes_of(value), err);
out:
    PBE2PARAM_free(param);
    PBKDF2PARAM_free(kdf);
    return rc;
}

/* AlgorithmIdentifier PBMAC1 { PBKDF2 { salt, iterations, keyLength, prf }, hmac }. */
static int set_pbmac1(mu_crypt *crypt, const mu_mac *how, uint8_t *salt, size_t key_len, X509_ALGOR *algor)
{
    PBE2PARAM *param = PBE2PARAM_new();
    ASN1_TYPE *packed = NULL;
    int rc = -1;
    if (!param)
        return -1;
    X509_ALGOR_free(param->keyfunc);
    param->keyfunc = PKCS5_pbkdf2_set_ex((int)how->iterations, salt, MU_SALT_LEN, how->prf, (int)key_len, crypt->libctx);
    if (param->keyfunc && X509_ALGOR_set0(param->encryption, OBJ_nid2obj(digests[row_of(how->digest)].hmac), V_ASN1_NULL, NULL) &&
        (packed = ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBE2PARAM), param, NULL)) &&
        X509_ALGOR_set0(algor, OBJ_nid2obj(NID_pbmac1), V_ASN1_SEQUENCE, packed->value.sequence)) {
        packed->value.sequence = NULL;
        rc = 0;
    }
    ASN1_TYPE_free(packed);
    PBE2PARAM_free(param);
    return rc;
}

static int fill_mac(mu_crypt *crypt, const mu_mac *how, const char *password, mu_bytes content, MU_MAC *mac)
{
    uint8_t salt[MU_SALT_LEN];
    mu_bytes value = {NULL, 0};
    X509_ALGOR *algor;
    ASN1_OCTET_STRING *digest;
    const size_t key_len = 32;
    int rc = -1;
    X509_SIG_getm(mac->digest, &algor, &digest);
    if (!(mac->iterations = ASN1_INTEGER_new()) || RAND_bytes_ex(crypt->libctx, salt, sizeof salt, 0) != 1)
        return -1;
    /* RFC 9879 section 4: outer salt and iterations are unused, but the syntax wants them. */
    rc = how->pbmac1                                                           ? set_pbmac1(crypt, how, salt, key_len, algor)
         : X509_ALGOR_set0(algor, OBJ_nid2obj(how->digest), V_ASN1_NULL, NULL) ? 0
                                                                               : -1;
    if (rc == 0 &&
        try_password(crypt, how, password, (int)strlen(password), (mu_bytes){salt, sizeof salt}, key_len, content, &value) != 1)
        rc = -1;
    if (rc == 0 &&
        (!ASN1_OCTET_STRING_set(digest, value.data, (int)value.len) ||
         !ASN1_OCTET_STRING_set(mac->salt, how->pbmac1 ? (const uint8_t *)"NOT USED" : salt, how->pbmac1 ? 8 : MU_SALT_LEN) ||
         !ASN1_INTEGER_set(mac->iterations, how->pbmac1 ? 1 : how->iterations)))
        rc = -1;
    mu_bytes_clear(&value);
    return rc;
}

int mu_mac_make(mu_crypt *crypt, const mu_mac *how, const char *password, mu_bytes content, MU_MAC **ret, mu_err **err)
{
    MU_MAC *mac = (MU_MAC *)ASN1_item_new(ASN1_ITEM_rptr(MU_MAC));
    mu_ossl_clear();
    if (!mac || fill_mac(crypt, how, password, content, mac) != 0) {
        ASN1_item_free((ASN1_VALUE *)mac, ASN1_ITEM_rptr(MU_MAC));
        return mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "the MAC cannot be computed");
    }
    *ret = mac;
    return 0;
}

mu_protection mu_mac_describe(const mu_mac *mac)
{
    mu_protection ret = {.present = mac->present, .iterations = mac->iterations};
    if (mac->present && row_of(mac->digest) >= 0)
        snprintf(ret.algorithm, sizeof ret.algorithm, "%sHmac%s", mac->pbmac1 ? "PBMAC1 " : "",
                 digests[row_of(mac->digest)].jdk_name);
    return ret;
}
