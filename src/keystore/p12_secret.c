/* The JDK's secret keys in PKCS #12: what would be a private key holds the secret's bytes, under the OID of its algorithm. */
#include "keystore_internal.h"

/* Names as of Java's SecretKey.getAlgorithm; OIDs as in sun/security/util/KnownOIDs. Another is told by its OID. */
static const struct {
    const char *name, *oid;
} algorithms[] = {
    {"AES", "2.16.840.1.101.3.4.1"},
    {"DES", "1.3.14.3.2.7"},
    {"DESede", "1.3.14.3.2.17"},
    {"Blowfish", "1.3.6.1.4.1.3029.1.1.2"},
    {"RC2", "1.2.840.113549.3.2"},
    {"ARCFOUR", "1.2.840.113549.3.4"},
    {"ChaCha20-Poly1305", "1.2.840.113549.1.9.16.3.18"},
    {"HmacSHA1", "1.2.840.113549.2.7"},
    {"HmacSHA224", "1.2.840.113549.2.8"},
    {"HmacSHA256", "1.2.840.113549.2.9"},
    {"HmacSHA384", "1.2.840.113549.2.10"},
    {"HmacSHA512", "1.2.840.113549.2.11"},
    {"HmacSHA512/224", "1.2.840.113549.2.12"},
    {"HmacSHA512/256", "1.2.840.113549.2.13"},
    {"HmacSHA3-224", "2.16.840.1.101.3.4.2.13"},
    {"HmacSHA3-256", "2.16.840.1.101.3.4.2.14"},
    {"HmacSHA3-384", "2.16.840.1.101.3.4.2.15"},
    {"HmacSHA3-512", "2.16.840.1.101.3.4.2.16"},
    {"PBEWithMD5AndDES", "1.2.840.113549.1.5.3"},
    {"PBEWithSHA1AndDESede", "1.2.840.113549.1.12.1.3"},
    {"PBEWithSHA1AndRC2_40", "1.2.840.113549.1.12.1.6"},
    {"PBEWithSHA1AndRC2_128", "1.2.840.113549.1.12.1.5"},
    {"PBEWithSHA1AndRC4_40", "1.2.840.113549.1.12.1.2"},
    {"PBEWithSHA1AndRC4_128", "1.2.840.113549.1.12.1.1"},
    {"PBKDF2WithHmacSHA1", "1.2.840.113549.1.5.12"},
};

static const char *find_oid(const char *name)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        if (mu_str_eq_nocase(algorithms[i].name, name))
            return algorithms[i].oid;
    return NULL;
}

static char *name_of(const ASN1_OBJECT *object)
{
    char oid[80];
    OBJ_obj2txt(oid, sizeof oid, object, 1);
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        if (strcmp(algorithms[i].oid, oid) == 0)
            return mu_strdup(algorithms[i].name);
    return mu_strdup(oid);
}

static int decode(mu_bytes p8, char **ret_algorithm, mu_bytes *ret_key, mu_err **err)
{
    const unsigned char *p = p8.data, *key;
    const ASN1_OBJECT *object;
    int len;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)p8.len);
    if (!info || !PKCS8_pkey_get0(&object, &key, &len, NULL, info)) {
        PKCS8_PRIV_KEY_INFO_free(info);
        return mu_fail_ossl(err, MU_E_STORE_DAMAGED, "the secret key is decrypted, but cannot be decoded");
    }
    char *name = name_of(object);
    int rc = name ? mu_bytes_set(ret_key, key, (size_t)len, err) : mu_fail_nomem(err);
    PKCS8_PRIV_KEY_INFO_free(info);
    if (rc == 0)
        *ret_algorithm = name;
    else
        free(name);
    return rc;
}

int mu_p12_secret_read(mu_crypt *crypt, mu_bytes raw, const char *password, bool charge, char **ret_algorithm, mu_bytes *ret_key,
                       mu_err **err)
{
    mu_bytes p8 = {NULL, 0};
    MU_CONTENT *content = NULL;
    MU_BAG *bag = mu_p12_secret_open(raw, &content, err);
    int rc = bag ? 0 : -1;
    if (rc == 0)
        rc = mu_p12_secret_shrouded(content)
                 ? mu_p8_unshroud(crypt, mu_bytes_of(content->content->value.octet_string), password, charge,
                                  MU_E_KEY_PASSWORD_DIFFERS, &p8, err)
                 : mu_fail(err, MU_E_ALGORITHM_UNAVAILABLE, "the secret is not a key as the JDK stores it");
    if (rc == 0)
        rc = decode(p8, ret_algorithm, ret_key, err);
    mu_bytes_clear(&p8);
    ASN1_item_free((ASN1_VALUE *)content, ASN1_ITEM_rptr(MU_CONTENT));
    ASN1_item_free((ASN1_VALUE *)bag, ASN1_ITEM_rptr(MU_BAG));
    return rc;
}

int mu_p12_secret_check(const char *algorithm, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    return find_oid(algorithm) ? 0
                               : mu_fail(err, MU_E_ALGORITHM_UNAVAILABLE, "a PKCS12 store cannot hold a secret key for \"%s\"",
                                         mu_escape_to(shown, algorithm));
}

static int encode_p8(const char *algorithm, mu_bytes key, mu_bytes *ret, mu_err **err)
{
    if (mu_p12_secret_check(algorithm, err) != 0)
        return -1;
    PKCS8_PRIV_KEY_INFO *info = PKCS8_PRIV_KEY_INFO_new();
    ASN1_OBJECT *object = OBJ_txt2obj(find_oid(algorithm), 1);
    unsigned char *copy = OPENSSL_memdup(key.data, key.len);
    int rc = -1;
    if (!info || !object || !copy || !PKCS8_pkey_set0(info, object, 0, V_ASN1_UNDEF, NULL, copy, (int)key.len)) {
        ASN1_OBJECT_free(object);
        OPENSSL_clear_free(copy, key.len);
        mu_fail_nomem(err);
    } else {
        rc = mu_item_write(info, ASN1_ITEM_rptr(PKCS8_PRIV_KEY_INFO), ret, err);
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    return rc;
}

int mu_p12_secret_write(mu_crypt *crypt, const mu_pbe *pbe, const char *password, const char *algorithm, mu_bytes key, mu_bytes *ret,
                        mu_err **err)
{
    mu_bytes p8 = {NULL, 0}, shrouded = {NULL, 0};
    ASN1_STRING *string = ASN1_OCTET_STRING_new();
    ASN1_TYPE type = {.type = V_ASN1_OCTET_STRING, .value.octet_string = string};
    MU_CONTENT content = {.type = OBJ_nid2obj(NID_pkcs8ShroudedKeyBag), .content = &type};
    int rc = string ? encode_p8(algorithm, key, &p8, err) : mu_fail_nomem(err);
    if (rc == 0)
        rc = mu_p8_shroud(crypt, pbe, password, p8, &shrouded, err);
    if (rc == 0)
        rc = ASN1_STRING_set(string, shrouded.data, (int)shrouded.len) ? mu_item_write(&content, ASN1_ITEM_rptr(MU_CONTENT), ret, err)
                                                                       : mu_fail_nomem(err);
    mu_bytes_clear(&p8);
    mu_bytes_clear(&shrouded);
    ASN1_STRING_free(string);
    return rc;
}
