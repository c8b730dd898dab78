#include "keystore_internal.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

const mu_pbe mu_pbe_default = {
    .scheme = NID_pbes2, .cipher = NID_aes_256_cbc, .prf = NID_hmacWithSHA256, .iterations = MU_DEFAULT_ITERATIONS};

void mu_crypt_done(mu_crypt *crypt)
{
    OSSL_LIB_CTX_free(crypt->legacy);
    crypt->legacy = NULL;
}

long mu_asn1_long(const ASN1_INTEGER *number)
{
    int64_t value;
    if (ASN1_INTEGER_get_int64(&value, number) == 1)
        return value < 0 ? -1 : value > LONG_MAX ? LONG_MAX : (long)value;
    mu_ossl_clear();
    return ASN1_STRING_type(number) & V_ASN1_NEG ? -1 : LONG_MAX;
}

int mu_crypt_charge(mu_crypt *crypt, long iterations, const char *what, mu_err **err)
{
    if (iterations < 1)
        return mu_fail(err, MU_E_STORE_DAMAGED, "the iteration count of %s is not positive", what);
    if (iterations > MU_MAX_ITERATIONS) {
        mu_fail(err, MU_E_STORE_LIMIT_EXCEEDED, "the iteration count of %s is too large", what);
        return mu_err_detail(err, "more than %d", MU_MAX_ITERATIONS);
    }
    if ((uint64_t)iterations > crypt->iterations_left) {
        mu_fail(err, MU_E_STORE_LIMIT_EXCEEDED, "the file asks for more key derivation than it may");
        return mu_err_detail(err, "%s: %ld iterations, %llu left", what, iterations, (unsigned long long)crypt->iterations_left);
    }
    crypt->iterations_left -= (uint64_t)iterations;
    return 0;
}

static int unavailable(const char *what, const ASN1_OBJECT *object, mu_err **err)
{
    char oid[80];
    OBJ_obj2txt(oid, sizeof oid, object, 0);
    mu_fail(err, MU_E_ALGORITHM_UNAVAILABLE, "%s is not supported", what);
    return mu_err_detail(err, "%s", oid);
}

static int check_salt(const ASN1_STRING *salt, mu_err **err)
{
    if (ASN1_STRING_length(salt) <= MU_MAX_SALT_LEN)
        return 0;
    mu_fail(err, MU_E_STORE_LIMIT_EXCEEDED, "a salt is too long");
    return mu_err_detail(err, "%d bytes", ASN1_STRING_length(salt));
}

static bool is_aes_cbc(int nid)
{
    return nid == NID_aes_128_cbc || nid == NID_aes_192_cbc || nid == NID_aes_256_cbc;
}

static int inspect_pbkdf2(const X509_ALGOR *algor, mu_pbe *ret, mu_err **err)
{
    const ASN1_OBJECT *oid;
    const void *value;
    int type, rc = -1;
    X509_ALGOR_get0(&oid, &type, &value, algor);
    if (OBJ_obj2nid(oid) != NID_id_pbkdf2)
        return unavailable(OBJ_obj2nid(oid) == NID_id_scrypt ? "scrypt (its memory cannot be bounded)" : "this key derivation", oid,
                           err);
    PBKDF2PARAM *param =
        type == V_ASN1_SEQUENCE ? mu_item_read(ASN1_ITEM_rptr(PBKDF2PARAM), mu_bytes_of(value), "PBKDF2", err) : NULL;
    if (!param)
        return type == V_ASN1_SEQUENCE ? -1 : mu_fail(err, MU_E_STORE_DAMAGED, "PBKDF2 without parameters");
    if (param->salt->type != V_ASN1_OCTET_STRING) {
        mu_fail(err, MU_E_ALGORITHM_UNAVAILABLE, "PBKDF2 with a salt from elsewhere is not supported");
        goto out;
    }
    if (check_salt(param->salt->value.octet_string, err) != 0)
        goto out;
    if (param->keylength && (mu_asn1_long(param->keylength) < 1 || mu_asn1_long(param->keylength) > 64)) {
        mu_fail(err, MU_E_STORE_DAMAGED, "the key length of PBKDF2 makes no sense");
        goto out;
    }
    ret->iterations = mu_asn1_long(param->iter);
    ret->prf = NID_hmacWithSHA1;
    if (param->prf) {
        X509_ALGOR_get0(&oid, NULL, NULL, param->prf);
        ret->prf = OBJ_obj2nid(oid);
    }
    rc = EVP_PBE_find(EVP_PBE_TYPE_PRF, ret->prf, NULL, NULL, NULL) == 1 ? 0 : unavailable("this pseudo-random function", oid, err);
out:
    PBKDF2PARAM_free(param);
    return rc;
}

static int inspect_pbes2(mu_bytes bytes, mu_pbe *ret, mu_err **err)
{
    const ASN1_OBJECT *oid;
    PBE2PARAM *param = mu_item_read(ASN1_ITEM_rptr(PBE2PARAM), bytes, "PBES2", err);
    if (!param)
        return -1;
    int rc = inspect_pbkdf2(param->keyfunc, ret, err);
    X509_ALGOR_get0(&oid, NULL, NULL, param->encryption);
    ret->cipher = OBJ_obj2nid(oid);
    ret->legacy = !is_aes_cbc(ret->cipher) && ret->cipher != NID_des_ede3_cbc;
    if (rc == 0 && ret->cipher == NID_undef)
        rc = unavailable("this cipher", oid, err);
    PBE2PARAM_free(param);
    return rc;
}

void mu_pbe_set_cipher(mu_pbe *pbe, int cipher)
{
    pbe->cipher = cipher;
    pbe->bmp = pbe->scheme != NID_pbeWithMD5AndDES_CBC && pbe->scheme != NID_pbeWithSHA1AndDES_CBC &&
               pbe->scheme != NID_pbeWithMD5AndRC2_CBC && pbe->scheme != NID_pbeWithSHA1AndRC2_CBC &&
               pbe->scheme != NID_pbeWithMD2AndDES_CBC && pbe->scheme != NID_pbeWithMD2AndRC2_CBC;
    pbe->legacy = cipher != NID_des_ede3_cbc && cipher != NID_des_ede_cbc;
}

static int inspect_pbes1(mu_bytes bytes, const ASN1_OBJECT *oid, mu_pbe *ret, mu_err **err)
{
    int cipher, digest;
    if (EVP_PBE_find(EVP_PBE_TYPE_OUTER, ret->scheme, &cipher, &digest, NULL) != 1 || cipher == NID_undef)
        return unavailable("this encryption", oid, err);
    PBEPARAM *param = mu_item_read(ASN1_ITEM_rptr(PBEPARAM), bytes, "the parameters of the encryption", err);
    if (!param)
        return -1;
    int rc = check_salt(param->salt, err);
    mu_pbe_set_cipher(ret, cipher);
    ret->iterations = mu_asn1_long(param->iter);
    PBEPARAM_free(param);
    return rc;
}

int mu_pbe_inspect(const X509_ALGOR *algor, mu_pbe *ret, mu_err **err)
{
    const ASN1_OBJECT *oid;
    const void *value;
    int type;
    X509_ALGOR_get0(&oid, &type, &value, algor);
    if (mu_sun_protection(algor) != MU_STORE_AUTO)
        return mu_sun_inspect(algor, ret, err);
    *ret = (mu_pbe){.scheme = OBJ_obj2nid(oid)};
    if (ret->scheme == NID_undef)
        return unavailable("this encryption", oid, err);
    if (type != V_ASN1_SEQUENCE)
        return mu_fail(err, MU_E_STORE_DAMAGED, "an encryption has no parameters");
    return ret->scheme == NID_pbes2 ? inspect_pbes2(mu_bytes_of(value), ret, err)
                                    : inspect_pbes1(mu_bytes_of(value), oid, ret, err);
}

/* "HmacSHA256" for NID_hmacWithSHA256, as the JDK calls it. */
static void prf_name(int prf, char out[32])
{
    const char *name = OBJ_nid2sn(prf);
    snprintf(out, 32, "Hmac%s", mu_str_has_prefix(name, "hmacWith") ? name + 8 : name);
}

mu_protection mu_pbe_describe(const mu_pbe *pbe)
{
    mu_protection ret = {.present = true, .iterations = pbe->iterations};
    char prf[32];
    prf_name(pbe->prf, prf);
    if (pbe->sun == MU_STORE_JKS)
        return (mu_protection){.present = true, .algorithm = "SHA-1 key stream of JKS", .iterations = 1};
    if (pbe->sun != MU_STORE_JCEKS && pbe->scheme == NID_undef)
        return (mu_protection){.present = true};
    if (pbe->sun == MU_STORE_JCEKS)
        snprintf(ret.algorithm, sizeof ret.algorithm, "PBEWithMD5AndTripleDES");
    else if (pbe->scheme == NID_pbes2)
        snprintf(ret.algorithm, sizeof ret.algorithm, "PBES2 %s %s", OBJ_nid2sn(pbe->cipher), prf);
    else
        snprintf(ret.algorithm, sizeof ret.algorithm, "%s", OBJ_nid2sn(pbe->scheme));
    return ret;
}

int mu_forms_init(mu_forms *forms, const char *password, mu_err **err)
{
    size_t len = strlen(password);
    bool ascii = true;
    *forms = (mu_forms){.text = {password}, .len = {(int)len}, .count = 1};
    if (len == 0) {
        forms->count = 2;
        return 0;
    }
    for (size_t i = 0; i < len; i++)
        ascii = ascii && !(password[i] & 0x80);
    if (ascii)
        return 0;
    if (!(forms->owned = mu_strdup(password)))
        return mu_fail_nomem(err);
    for (size_t i = 0; i < len; i++)
        forms->owned[i] &= 0x7f;
    forms->text[1] = forms->owned;
    forms->len[1] = (int)len;
    forms->count = 2;
    return 0;
}

void mu_forms_done(mu_forms *forms)
{
    if (forms->owned) {
        OPENSSL_cleanse(forms->owned, (size_t)forms->len[1]);
        free(forms->owned);
    }
    *forms = (mu_forms){.count = 0};
}

/* The context that has the cipher; NULL and an error if there is none. Never the default one for legacy ciphers. */
static int choose_ctx(mu_crypt *crypt, const mu_pbe *pbe, OSSL_LIB_CTX **ret, mu_err **err)
{
    bool rc2 = strncmp(OBJ_nid2sn(pbe->cipher), "RC2", 3) == 0;
    if (pbe->legacy && !crypt->legacy && mu_ossl_legacy_ctx_new(&crypt->legacy, err) != 0)
        return mu_wrap(err, rc2 ? MU_E_P12_LEGACY_RC2 : MU_E_ALGORITHM_UNAVAILABLE, "%s needs OpenSSL's legacy provider",
                       OBJ_nid2sn(pbe->cipher));
    *ret = pbe->legacy ? crypt->legacy : crypt->libctx;
    mu_ossl_clear();
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(*ret, OBJ_nid2sn(pbe->cipher), NULL);
    EVP_CIPHER_free(cipher);
    if (cipher)
        return 0;
    return mu_fail_ossl(err, rc2 ? MU_E_P12_LEGACY_RC2 : MU_E_ALGORITHM_UNAVAILABLE, "this OpenSSL has no %s",
                        OBJ_nid2sn(pbe->cipher));
}

static int run(OSSL_LIB_CTX *libctx, const X509_ALGOR *algor, const char *password, int password_len, mu_bytes in, int encrypt,
               mu_bytes *ret)
{
    unsigned char *out = NULL;
    int len = 0;
    /* what is too short to be ciphertext must not reach the cipher's final step */
    if (in.len > INT_MAX ||
        !PKCS12_pbe_crypt_ex(algor, password, password_len, in.data, (int)in.len, &out, &len, encrypt, libctx, NULL))
        return -1;
    *ret = (mu_bytes){out, (size_t)len};
    return 0;
}

int mu_pbe_decrypt(mu_crypt *crypt, const X509_ALGOR *algor, const char *password, const ASN1_OCTET_STRING *data, bool charge,
                   mu_code wrong, mu_bytes *ret, mu_err **err)
{
    mu_pbe pbe;
    mu_forms forms;
    OSSL_LIB_CTX *libctx;
    int rc = -1;
    if (mu_sun_protection(algor) != MU_STORE_AUTO)
        return mu_sun_decrypt(crypt, algor, password, mu_bytes_of(data), charge, wrong, ret, err);
    if (mu_pbe_inspect(algor, &pbe, err) != 0 || choose_ctx(crypt, &pbe, &libctx, err) != 0 ||
        mu_forms_init(&forms, password, err) != 0)
        return -1;
    for (int i = 0; i < (pbe.bmp ? forms.count : 1) && rc != 0; i++) {
        if ((i > 0 || charge) && mu_crypt_charge(crypt, pbe.iterations, "an encrypted part", err) != 0)
            goto out;
        mu_ossl_clear();
        rc = run(libctx, algor, forms.text[i], forms.len[i], mu_bytes_of(data), 0, ret);
    }
    if (rc != 0) {
        mu_fail_ossl(err, wrong, "the password does not decrypt it");
        mu_err_detail(err, "%s", OBJ_nid2sn(pbe.cipher));
    }
out:
    mu_forms_done(&forms);
    return rc;
}

static X509_ALGOR *make_pbes2(mu_crypt *crypt, const mu_pbe *pbe)
{
    unsigned char salt[MU_SALT_LEN], iv[EVP_MAX_IV_LENGTH];
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(pbe->legacy ? crypt->legacy : crypt->libctx, OBJ_nid2sn(pbe->cipher), NULL);
    PBE2PARAM *param = PBE2PARAM_new();
    X509_ALGOR *algor = X509_ALGOR_new();
    ASN1_OCTET_STRING *iv_string = ASN1_OCTET_STRING_new();
    ASN1_TYPE *packed = NULL;
    bool ok = false;
    if (!cipher || !param || !algor || !iv_string || RAND_bytes_ex(crypt->libctx, salt, sizeof salt, 0) != 1 ||
        RAND_bytes_ex(crypt->libctx, iv, sizeof iv, 0) != 1 ||
        !ASN1_OCTET_STRING_set(iv_string, iv, EVP_CIPHER_get_iv_length(cipher)))
        goto out;
    X509_ALGOR_free(param->keyfunc);
    param->keyfunc =
        PKCS5_pbkdf2_set_ex((int)pbe->iterations, salt, sizeof salt, pbe->prf, EVP_CIPHER_get_key_length(cipher), crypt->libctx);
    if (!param->keyfunc || !X509_ALGOR_set0(param->encryption, OBJ_nid2obj(pbe->cipher), V_ASN1_OCTET_STRING, iv_string))
        goto out;
    iv_string = NULL;
    if (!(packed = ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBE2PARAM), param, NULL)))
        goto out;
    ok = X509_ALGOR_set0(algor, OBJ_nid2obj(NID_pbes2), V_ASN1_SEQUENCE, packed->value.sequence) == 1;
    if (ok)
        packed->value.sequence = NULL;
out:
    ASN1_TYPE_free(packed);
    ASN1_OCTET_STRING_free(iv_string);
    PBE2PARAM_free(param);
    EVP_CIPHER_free(cipher);
    if (!ok) {
        X509_ALGOR_free(algor);
        algor = NULL;
    }
    return algor;
}

int mu_pbe_encrypt(mu_crypt *crypt, const mu_pbe *pbe, const char *password, const void *data, size_t len, X509_ALGOR **ret_algor,
                   mu_bytes *ret, mu_err **err)
{
    OSSL_LIB_CTX *libctx;
    const mu_bytes clear = {(uint8_t *)(uintptr_t)data, len};
    if (pbe->sun != MU_STORE_AUTO)
        return mu_sun_encrypt(crypt, pbe, password, clear, ret_algor, ret, err);
    if (choose_ctx(crypt, pbe, &libctx, err) != 0)
        return -1;
    X509_ALGOR *algor = pbe->scheme == NID_pbes2
                            ? make_pbes2(crypt, pbe)
                            : PKCS5_pbe_set_ex(pbe->scheme, (int)pbe->iterations, NULL, pbe->bmp ? MU_SALT_LEN : 8, crypt->libctx);
    if (!algor || run(libctx, algor, password, (int)strlen(password), clear, 1, ret) != 0) {
        X509_ALGOR_free(algor);
        return mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "cannot encrypt with %s", OBJ_nid2sn(pbe->cipher));
    }
    *ret_algor = algor;
    return 0;
}
