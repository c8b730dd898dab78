/*
 * The JDK's own protections: of private keys in JKS (SHA-1 as a key stream) and JCEKS (Triple DES with a derivation of its own), and
 * the digest of both files. Source: OpenJDK sun/security/provider/KeyProtector.java and JavaKeyStore.java,
 * com/sun/crypto/provider/PBES1Core.java.
 */
#include "keystore_internal.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#define OID_JKS "1.3.6.1.4.1.42.2.17.1.1"
#define OID_JCEKS "1.3.6.1.4.1.42.2.19.1"
#define MD5_LEN 16
#define DES_KEY_LEN 24

mu_store_type mu_sun_protection(const X509_ALGOR *algor)
{
    char oid[80];
    const ASN1_OBJECT *object;
    X509_ALGOR_get0(&object, NULL, NULL, algor);
    OBJ_obj2txt(oid, sizeof oid, object, 1);
    return strcmp(oid, OID_JKS) == 0 ? MU_STORE_JKS : strcmp(oid, OID_JCEKS) == 0 ? MU_STORE_JCEKS : MU_STORE_AUTO;
}

/* A digest that is computed many times. */
struct hash {
    EVP_MD *md;
    EVP_MD_CTX *ctx;
};

static int hash_init(struct hash *hash, mu_crypt *crypt, const char *name, mu_err **err)
{
    mu_ossl_clear();
    *hash = (struct hash){EVP_MD_fetch(crypt->libctx, name, NULL), EVP_MD_CTX_new()};
    return hash->md && hash->ctx ? 0 : mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "this OpenSSL has no %s", name);
}

static void hash_done(struct hash *hash)
{
    EVP_MD_free(hash->md);
    EVP_MD_CTX_free(hash->ctx);
}

/* Of both parts one after the other; `out` may be one of them. */
static bool hash_two(const struct hash *hash, mu_bytes a, mu_bytes b, uint8_t *out)
{
    return EVP_DigestInit_ex2(hash->ctx, hash->md, NULL) == 1 && EVP_DigestUpdate(hash->ctx, a.data, a.len) == 1 &&
           EVP_DigestUpdate(hash->ctx, b.data, b.len) == 1 && EVP_DigestFinal_ex(hash->ctx, out, NULL) == 1;
}

/* Both need it: SHA-1, and the password in UTF-16 without a terminator. */
static int begin(mu_crypt *crypt, const char *password, struct hash *sha1, mu_bytes *utf16, mu_err **err)
{
    int len = 0;
    *utf16 = (mu_bytes){NULL, 0};
    if (hash_init(sha1, crypt, "SHA1", err) != 0)
        return -1;
    if (!OPENSSL_utf82uni(password, (int)strlen(password), &utf16->data, &len))
        return mu_fail_nomem(err);
    utf16->len = (size_t)len - 2;
    return 0;
}

int mu_jks_digest(mu_crypt *crypt, const char *password, mu_bytes content, uint8_t out[MU_JKS_DIGEST_LEN], mu_err **err)
{
    static const char whitener[] = "Mighty Aphrodite";
    struct hash sha1;
    mu_bytes prefix = {NULL, 0}, utf16;
    int rc = begin(crypt, password, &sha1, &utf16, err);
    if (rc == 0 && (prefix.data = OPENSSL_malloc(utf16.len + sizeof whitener))) {
        prefix.len = utf16.len + sizeof whitener - 1;
        memcpy(prefix.data, utf16.data, utf16.len);
        memcpy(prefix.data + utf16.len, whitener, sizeof whitener - 1);
    }
    if (rc == 0 && (!prefix.data || !hash_two(&sha1, prefix, content, out)))
        rc = mu_fail_ossl(err, MU_E_INTERNAL, "cannot compute the digest of the store");
    mu_bytes_clear(&prefix);
    mu_bytes_clear(&utf16);
    hash_done(&sha1);
    return rc;
}

/* ---- JKS: salt, key stream over the key, SHA-1 of password and key ---- */

static bool xor_stream(const struct hash *sha1, mu_bytes password, const uint8_t *salt, const uint8_t *in, uint8_t *out, size_t len)
{
    uint8_t block[MU_JKS_DIGEST_LEN];
    bool ok = true;
    memcpy(block, salt, sizeof block);
    for (size_t i = 0; ok && i < len; i++) {
        if (i % sizeof block == 0)
            ok = hash_two(sha1, password, (mu_bytes){block, sizeof block}, block);
        out[i] = in[i] ^ block[i % sizeof block];
    }
    OPENSSL_cleanse(block, sizeof block);
    return ok;
}

static int jks_decrypt(mu_crypt *crypt, const char *password, mu_bytes data, mu_code wrong, mu_bytes *ret, mu_err **err)
{
    struct hash sha1;
    mu_bytes utf16, key = {NULL, 0};
    uint8_t check[MU_JKS_DIGEST_LEN];
    if (data.len < 2 * sizeof check)
        return mu_fail(err, MU_E_STORE_DAMAGED, "a protected private key is too short");
    int rc = begin(crypt, password, &sha1, &utf16, err);
    key.len = data.len - 2 * sizeof check;
    if (rc == 0 && (!(key.data = OPENSSL_malloc(key.len + 1)) ||
                    !xor_stream(&sha1, utf16, data.data, data.data + sizeof check, key.data, key.len) ||
                    !hash_two(&sha1, utf16, key, check)))
        rc = mu_fail_ossl(err, MU_E_INTERNAL, "cannot decrypt the private key");
    if (rc == 0 && CRYPTO_memcmp(check, data.data + sizeof check + key.len, sizeof check) != 0)
        rc = mu_fail(err, wrong, "the password does not decrypt it");
    if (rc == 0)
        *ret = key;
    else
        mu_bytes_clear(&key);
    mu_bytes_clear(&utf16);
    hash_done(&sha1);
    return rc;
}

static int jks_encrypt(mu_crypt *crypt, const char *password, mu_bytes key, mu_bytes *ret, mu_err **err)
{
    struct hash sha1;
    mu_bytes utf16;
    size_t len = key.len + 2 * MU_JKS_DIGEST_LEN;
    uint8_t *out = OPENSSL_malloc(len);
    int rc = begin(crypt, password, &sha1, &utf16, err);
    if (rc == 0 && (!out || RAND_bytes_ex(crypt->libctx, out, MU_JKS_DIGEST_LEN, 0) != 1 ||
                    !xor_stream(&sha1, utf16, out, key.data, out + MU_JKS_DIGEST_LEN, key.len) ||
                    !hash_two(&sha1, utf16, key, out + len - MU_JKS_DIGEST_LEN)))
        rc = mu_fail_ossl(err, MU_E_INTERNAL, "cannot encrypt the private key");
    if (rc == 0)
        *ret = (mu_bytes){out, len};
    else
        OPENSSL_free(out);
    mu_bytes_clear(&utf16);
    hash_done(&sha1);
    return rc;
}

/* ---- JCEKS: PBEWithMD5AndTripleDES, which is not the one of PKCS #5 ---- */

/* Each half of the salt is hashed with the password again and again; together that is a key of 24 bytes and the IV. */
static bool derive(const struct hash *md5, const char *password, const uint8_t *salt, long iterations, uint8_t out[2 * MD5_LEN])
{
    const mu_bytes text = {(uint8_t *)(uintptr_t)password, strlen(password)};
    uint8_t halves[MU_SUN_SALT_LEN];
    bool ok = true;
    memcpy(halves, salt, sizeof halves);
    if (memcmp(halves, halves + 4, 4) == 0) /* the JDK turns one of two equal halves round; before JDK 8 it did so wrongly */
        for (int i = 0; i < 4; i++)
            halves[i] = salt[3 - i];
    for (int half = 0; ok && half < 2; half++) {
        uint8_t *block = out + half * MD5_LEN;
        ok = hash_two(md5, (mu_bytes){halves + 4 * half, 4}, text, block);
        for (long i = 1; ok && i < iterations; i++)
            ok = hash_two(md5, (mu_bytes){block, MD5_LEN}, text, block);
    }
    return ok;
}

static int run_des(mu_crypt *crypt, const uint8_t *key_iv, mu_bytes in, bool encrypt, mu_bytes *ret)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(crypt->libctx, "DES-EDE3-CBC", NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    mu_bytes out = {in.len < INT_MAX - 8 ? OPENSSL_malloc(in.len + 8) : NULL, in.len + 8};
    int len = 0, rest = 0;
    bool ok = cipher && ctx && out.data && EVP_CipherInit_ex2(ctx, cipher, key_iv, key_iv + DES_KEY_LEN, encrypt, NULL) == 1 &&
              EVP_CipherUpdate(ctx, out.data, &len, in.data, (int)in.len) == 1 &&
              EVP_CipherFinal_ex(ctx, out.data + len, &rest) == 1;
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    if (ok)
        *ret = (mu_bytes){out.data, (size_t)len + (size_t)rest};
    else
        mu_bytes_clear(&out);
    return ok ? 0 : -1;
}

static int jceks_crypt(mu_crypt *crypt, const char *password, const uint8_t *salt, long iterations, mu_bytes in, bool encrypt,
                       mu_code wrong, mu_bytes *ret, mu_err **err)
{
    struct hash md5;
    uint8_t key_iv[2 * MD5_LEN];
    int rc = hash_init(&md5, crypt, "MD5", err);
    if (rc == 0 && !derive(&md5, password, salt, iterations, key_iv))
        rc = mu_fail_ossl(err, MU_E_INTERNAL, "cannot derive a key with MD5");
    if (rc == 0 && run_des(crypt, key_iv, in, encrypt, ret) != 0)
        rc = mu_fail_ossl(err, encrypt ? MU_E_ALGORITHM_UNAVAILABLE : wrong,
                          encrypt ? "cannot encrypt with Triple DES" : "the password does not decrypt it");
    OPENSSL_cleanse(key_iv, sizeof key_iv);
    hash_done(&md5);
    return rc;
}

int mu_sun_params(mu_bytes der, PBEPARAM **ret, mu_err **err)
{
    PBEPARAM *param = mu_item_read(ASN1_ITEM_rptr(PBEPARAM), der, "the parameters of the encryption", err);
    if (!param)
        return -1;
    if (ASN1_STRING_length(param->salt) != MU_SUN_SALT_LEN) {
        mu_fail(err, MU_E_STORE_DAMAGED, "the salt of PBEWithMD5AndTripleDES is not of %d bytes", MU_SUN_SALT_LEN);
        mu_err_detail(err, "%d bytes", ASN1_STRING_length(param->salt));
        PBEPARAM_free(param);
        return -1;
    }
    *ret = param;
    return 0;
}

int mu_jceks_decrypt(mu_crypt *crypt, mu_bytes params, const char *password, mu_bytes data, bool charge, mu_code wrong,
                     mu_bytes *ret, mu_err **err)
{
    PBEPARAM *param = NULL;
    if (mu_sun_params(params, &param, err) != 0)
        return -1;
    long iterations = mu_asn1_long(param->iter);
    int rc = charge ? mu_crypt_charge(crypt, iterations, "a key", err) : 0;
    if (rc == 0)
        rc = jceks_crypt(crypt, password, ASN1_STRING_get0_data(param->salt), iterations, data, false, wrong, ret, err);
    PBEPARAM_free(param);
    return rc;
}

int mu_jceks_encrypt(mu_crypt *crypt, long iterations, const char *password, mu_bytes data, mu_bytes *ret_params, mu_bytes *ret,
                     mu_err **err)
{
    uint8_t salt[MU_SUN_SALT_LEN];
    PBEPARAM *param = PBEPARAM_new();
    int rc = param && RAND_bytes_ex(crypt->libctx, salt, sizeof salt, 0) == 1 &&
                     ASN1_OCTET_STRING_set(param->salt, salt, sizeof salt) && ASN1_INTEGER_set(param->iter, iterations)
                 ? mu_item_write(param, ASN1_ITEM_rptr(PBEPARAM), ret_params, err)
                 : mu_fail_nomem(err);
    if (rc == 0 && (rc = jceks_crypt(crypt, password, salt, iterations, data, true, MU_E_INTERNAL, ret, err)) != 0)
        mu_bytes_clear(ret_params);
    PBEPARAM_free(param);
    return rc;
}

/* ---- as an AlgorithmIdentifier says ---- */

static int params_of(const X509_ALGOR *algor, mu_bytes *ret, mu_err **err)
{
    const void *value;
    int type;
    X509_ALGOR_get0(NULL, &type, &value, algor);
    if (type != V_ASN1_SEQUENCE)
        return mu_fail(err, MU_E_STORE_DAMAGED, "an encryption has no parameters");
    *ret = mu_bytes_of(value);
    return 0;
}

int mu_sun_inspect(const X509_ALGOR *algor, mu_pbe *ret, mu_err **err)
{
    mu_bytes params;
    PBEPARAM *param = NULL;
    *ret = (mu_pbe){.sun = mu_sun_protection(algor), .iterations = 1};
    if (ret->sun == MU_STORE_JKS)
        return 0;
    if (params_of(algor, &params, err) != 0 || mu_sun_params(params, &param, err) != 0)
        return -1;
    ret->iterations = mu_asn1_long(param->iter);
    PBEPARAM_free(param);
    return 0;
}

int mu_sun_decrypt(mu_crypt *crypt, const X509_ALGOR *algor, const char *password, mu_bytes data, bool charge, mu_code wrong,
                   mu_bytes *ret, mu_err **err)
{
    mu_bytes params;
    if (mu_sun_protection(algor) == MU_STORE_JKS)
        return jks_decrypt(crypt, password, data, wrong, ret, err);
    return params_of(algor, &params, err) == 0 ? mu_jceks_decrypt(crypt, params, password, data, charge, wrong, ret, err) : -1;
}

int mu_sun_encrypt(mu_crypt *crypt, const mu_pbe *pbe, const char *password, mu_bytes data, X509_ALGOR **ret_algor, mu_bytes *ret,
                   mu_err **err)
{
    bool jks = pbe->sun == MU_STORE_JKS;
    mu_bytes params = {NULL, 0};
    X509_ALGOR *algor = X509_ALGOR_new();
    ASN1_OBJECT *oid = OBJ_txt2obj(jks ? OID_JKS : OID_JCEKS, 1);
    ASN1_STRING *sequence = jks ? NULL : ASN1_STRING_type_new(V_ASN1_SEQUENCE);
    int rc = !algor || !oid || (!jks && !sequence) ? mu_fail_nomem(err)
             : jks                                 ? jks_encrypt(crypt, password, data, ret, err)
                                                   : mu_jceks_encrypt(crypt, pbe->iterations, password, data, &params, ret, err);
    if (rc == 0 && ((!jks && !ASN1_STRING_set(sequence, params.data, (int)params.len)) ||
                    !X509_ALGOR_set0(algor, oid, jks ? V_ASN1_NULL : V_ASN1_SEQUENCE, sequence))) {
        mu_bytes_clear(ret);
        rc = mu_fail_nomem(err);
    }
    mu_bytes_clear(&params);
    if (rc == 0) {
        *ret_algor = algor;
        return 0;
    }
    ASN1_OBJECT_free(oid);
    ASN1_STRING_free(sequence);
    X509_ALGOR_free(algor);
    return -1;
}
