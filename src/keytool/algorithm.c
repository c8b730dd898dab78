#include "keytool/algorithm.h"
#include "base/ossl.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct signature {
    const char *name; /* the JDK's */
    int nid;
    const char *key;    /* of this type, in OpenSSL's words */
    const char *digest; /* NULL: the key's own */
} signatures[] = {
    {"MD5withRSA", NID_md5WithRSAEncryption, "RSA", "MD5"},
    {"SHA1withRSA", NID_sha1WithRSAEncryption, "RSA", "SHA1"},
    {"SHA224withRSA", NID_sha224WithRSAEncryption, "RSA", "SHA2-224"},
    {"SHA256withRSA", NID_sha256WithRSAEncryption, "RSA", "SHA2-256"},
    {"SHA384withRSA", NID_sha384WithRSAEncryption, "RSA", "SHA2-384"},
    {"SHA512withRSA", NID_sha512WithRSAEncryption, "RSA", "SHA2-512"},
    {"SHA512/224withRSA", NID_sha512_224WithRSAEncryption, "RSA", "SHA2-512/224"},
    {"SHA512/256withRSA", NID_sha512_256WithRSAEncryption, "RSA", "SHA2-512/256"},
    {"SHA3-224withRSA", NID_RSA_SHA3_224, "RSA", "SHA3-224"},
    {"SHA3-256withRSA", NID_RSA_SHA3_256, "RSA", "SHA3-256"},
    {"SHA3-384withRSA", NID_RSA_SHA3_384, "RSA", "SHA3-384"},
    {"SHA3-512withRSA", NID_RSA_SHA3_512, "RSA", "SHA3-512"},
    {"SHA1withECDSA", NID_ecdsa_with_SHA1, "EC", "SHA1"},
    {"SHA224withECDSA", NID_ecdsa_with_SHA224, "EC", "SHA2-224"},
    {"SHA256withECDSA", NID_ecdsa_with_SHA256, "EC", "SHA2-256"},
    {"SHA384withECDSA", NID_ecdsa_with_SHA384, "EC", "SHA2-384"},
    {"SHA512withECDSA", NID_ecdsa_with_SHA512, "EC", "SHA2-512"},
    {"SHA3-224withECDSA", NID_ecdsa_with_SHA3_224, "EC", "SHA3-224"},
    {"SHA3-256withECDSA", NID_ecdsa_with_SHA3_256, "EC", "SHA3-256"},
    {"SHA3-384withECDSA", NID_ecdsa_with_SHA3_384, "EC", "SHA3-384"},
    {"SHA3-512withECDSA", NID_ecdsa_with_SHA3_512, "EC", "SHA3-512"},
    {"SHA1withDSA", NID_dsaWithSHA1, "DSA", "SHA1"},
    {"SHA224withDSA", NID_dsa_with_SHA224, "DSA", "SHA2-224"},
    {"SHA256withDSA", NID_dsa_with_SHA256, "DSA", "SHA2-256"},
    {"SHA384withDSA", NID_dsa_with_SHA384, "DSA", "SHA2-384"},
    {"SHA512withDSA", NID_dsa_with_SHA512, "DSA", "SHA2-512"},
    {"Ed25519", NID_ED25519, "ED25519", NULL},
    {"Ed448", NID_ED448, "ED448", NULL},
    {"MD2withRSA", NID_md2WithRSAEncryption, "RSA", "SHA1"}, /* md2.h; in certificates only */
    {"RSASSA-PSS", NID_rsassaPss, NULL, NULL},               /* its digest is chosen by the key's size */
};

static const struct signature *find_by_nid(int nid)
{
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
        if (signatures[i].nid == nid)
            return &signatures[i];
    return NULL;
}

void mu_kt_signature_nid_name(int nid, char out[MU_KT_ALGORITHM_MAX])
{
    const struct signature *known = find_by_nid(nid);
    snprintf(out, MU_KT_ALGORITHM_MAX, "%s", known ? known->name : "unknown");
}

const char *mu_kt_strength_mark(mu_kt_strength strength)
{
    return strength == MU_KT_STRONG ? "" : strength == MU_KT_WEAK ? " (weak)" : " (disabled)";
}

/* The dotted OID, or the name of what OpenSSL knows from 3.5. */
static void oid_name(const ASN1_OBJECT *oid, char out[MU_KT_ALGORITHM_MAX])
{
    static const struct {
        const char *oid, *name;
    } later[] = {{"2.16.840.1.101.3.4.3.17", "ML-DSA-44"}, {"2.16.840.1.101.3.4.3.18", "ML-DSA-65"},
                 {"2.16.840.1.101.3.4.3.19", "ML-DSA-87"}, {"2.16.840.1.101.3.4.4.1", "ML-KEM-512"},
                 {"2.16.840.1.101.3.4.4.2", "ML-KEM-768"}, {"2.16.840.1.101.3.4.4.3", "ML-KEM-1024"}};

    OBJ_obj2txt(out, MU_KT_ALGORITHM_MAX, oid, 1);
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (strcmp(out, later[i].oid) == 0)
            snprintf(out, MU_KT_ALGORITHM_MAX, "%s", later[i].name);
}

void mu_kt_signature_name(const X509 *cert, char out[MU_KT_ALGORITHM_MAX])
{
    const X509_ALGOR *algorithm;
    const ASN1_OBJECT *oid;
    int nid = X509_get_signature_nid(cert);

    X509_get0_signature(NULL, &algorithm, cert);
    X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
    if (find_by_nid(nid))
        mu_kt_signature_nid_name(nid, out);
    else
        oid_name(oid, out);
}

/* jdk.certpath.disabledAlgorithms and jdk.security.legacyAlgorithms as JDK 25 is delivered. */
mu_kt_strength mu_kt_signature_strength(const char *name)
{
    if (mu_str_has_prefix(name, "MD2with") || mu_str_has_prefix(name, "MD5with"))
        return MU_KT_DISABLED;
    return mu_str_has_prefix(name, "SHA1with") ? MU_KT_WEAK : MU_KT_STRONG;
}

mu_kt_strength mu_kt_key_strength(const EVP_PKEY *key)
{
    int bits = key ? EVP_PKEY_get_bits(key) : 0;
    if (key && EVP_PKEY_is_a(key, "EC"))
        return bits < 224 ? MU_KT_DISABLED : MU_KT_STRONG;
    if (key && (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "DSA")))
        return bits < 1024 ? MU_KT_DISABLED : bits < 2048 ? MU_KT_WEAK : MU_KT_STRONG;
    return MU_KT_STRONG;
}

/* The JDK says secp256r1 where OpenSSL says prime256v1. */
static const char *curve_name(const EVP_PKEY *key, char group[MU_KT_ALGORITHM_MAX / 2])
{
    size_t len;
    if (!EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, MU_KT_ALGORITHM_MAX / 2, &len))
        return NULL;
    if (strcmp(group, "prime256v1") == 0)
        return "secp256r1";
    return strcmp(group, "prime192v1") == 0 ? "secp192r1" : group;
}

void mu_kt_key_text(const EVP_PKEY *key, X509_PUBKEY *info, char out[MU_KT_ALGORITHM_MAX])
{
    char group[MU_KT_ALGORITHM_MAX / 2], name[MU_KT_ALGORITHM_MAX];
    const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;
    const char *curve = key && EVP_PKEY_is_a(key, "EC") ? curve_name(key, group) : NULL;
    ASN1_OBJECT *oid = NULL;

    if (!key) {
        X509_PUBKEY_get0_param(&oid, NULL, NULL, NULL, info);
        oid_name(oid, name);
        snprintf(out, MU_KT_ALGORITHM_MAX, "%.100s key", name);
    } else if (curve) {
        snprintf(out, MU_KT_ALGORITHM_MAX, "%d-bit EC (%s) key", EVP_PKEY_get_bits(key), curve);
    } else if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448")) {
        snprintf(out, MU_KT_ALGORITHM_MAX, "%s key", EVP_PKEY_is_a(key, "ED448") ? "Ed448" : "Ed25519");
    } else if (mu_str_has_prefix(type, "X") || mu_str_has_prefix(type, "ML-")) {
        snprintf(out, MU_KT_ALGORITHM_MAX, "%s key", type);
    } else {
        snprintf(out, MU_KT_ALGORITHM_MAX, "%d-bit %s key", EVP_PKEY_get_bits(key),
                 EVP_PKEY_is_a(key, "RSA-PSS") ? "RSASSA-PSS" : type);
    }
    mu_ossl_clear();
}

/* ---- signing ---- */

/* NIST SP 800-57: a digest as strong as the key. */
static const char *digest_for_rsa(int bits)
{
    return bits < 624 ? "SHA2-256" : bits <= 7680 ? "SHA2-384" : "SHA2-512";
}

/* The JDK's name of all keys of that sort. */
static const char *family(const EVP_PKEY *key)
{
    const char *type = EVP_PKEY_get0_type_name(key);
    return mu_str_has_prefix(type, "X") ? "XDH" : mu_str_has_prefix(type, "ML-KEM") ? "ML-KEM" : type;
}

static const char *default_name(const EVP_PKEY *key)
{
    int bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "RSA"))
        return bits < 624 ? "SHA256withRSA" : bits <= 7680 ? "SHA384withRSA" : "SHA512withRSA";
    if (EVP_PKEY_is_a(key, "EC"))
        return bits >= 512 ? "SHA512withECDSA" : "SHA384withECDSA";
    if (EVP_PKEY_is_a(key, "RSA-PSS"))
        return "RSASSA-PSS";
    if (EVP_PKEY_is_a(key, "DSA"))
        return "SHA256withDSA";
    if (mu_str_has_prefix(EVP_PKEY_get0_type_name(key), "ML-DSA"))
        return "ML-DSA";
    return EVP_PKEY_is_a(key, "ED448") ? "Ed448" : EVP_PKEY_is_a(key, "ED25519") ? "Ed25519" : NULL;
}

/* "EdDSA" is whichever the key is; dotted OIDs name algorithms too. */
static const struct signature *find_by_name(const char *name, const EVP_PKEY *key)
{
    if (strcasecmp(name, "EdDSA") == 0)
        name = EVP_PKEY_is_a(key, "ED448") ? "Ed448" : "Ed25519";
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        char oid[64];
        OBJ_obj2txt(oid, sizeof oid, OBJ_nid2obj(signatures[i].nid), 1);
        if (strcasecmp(signatures[i].name, name) == 0 || strcmp(oid, name) == 0)
            return &signatures[i];
    }
    return NULL;
}

static int throw_wrong_key(mu_kt *kt, const struct signature *signature, const EVP_PKEY *key)
{
    const char *java = EVP_PKEY_is_a(key, "EC")    ? "sun.security.ec.ECPrivateKeyImpl"
                       : EVP_PKEY_is_a(key, "DSA") ? "sun.security.provider.DSAPrivateKey"
                       : EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS") ? "sun.security.rsa.RSAPrivateCrtKeyImpl"
                                                                                    : "sun.security.ec.ed.EdDSAPrivateKeyImpl";
    bool edwards = EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
    if (strcmp(family(key), "XDH") == 0)
        java = "sun.security.ec.XDHPrivateKeyImpl";
    if (EVP_PKEY_is_a(key, "DH"))
        java = "com.sun.crypto.provider.DHPrivateKey";
    if (edwards && !signature->digest)
        return mu_kt_throw(kt, MU_E_USAGE, "java.security.InvalidKeyException", "Parameters must be %s", signature->name);
    return mu_kt_throw(kt, MU_E_USAGE, "java.security.InvalidKeyException", "No installed provider supports this key: %s", java);
}

int mu_kt_signing_choose(mu_kt *kt, const char *name, EVP_PKEY *key, mu_kt_signing *ret)
{
    const char *wanted = name ? name : default_name(key);
    const struct signature *s = wanted ? find_by_name(wanted, key) : NULL;
    bool lattice = mu_str_has_prefix(EVP_PKEY_get0_type_name(key), "ML-DSA");
    bool any_rsa = EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS");

    if (!wanted && strcmp(kt->command->name, "genkeypair") != 0)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Cannot derive signature algorithm");
    if (!wanted)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "Cannot derive signature algorithm from %s", family(key));
    if (lattice && (strcasecmp(wanted, "ML-DSA") == 0 || strcasecmp(wanted, EVP_PKEY_get0_type_name(key)) == 0)) {
        *ret = (mu_kt_signing){0};
        snprintf(ret->name, sizeof ret->name, "%s", EVP_PKEY_get0_type_name(key));
        return 0;
    }
    bool certificate = strcmp(kt->command->name, "certreq") != 0 && strcmp(kt->command->name, "gencrl") != 0;
    if (!s || (s->nid == NID_md2WithRSAEncryption && !certificate))
        return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, "java.security.NoSuchAlgorithmException", "%s Signature not available",
                           wanted);
    bool pss = s->nid == NID_rsassaPss;
    if (pss ? !any_rsa : !s->key || !EVP_PKEY_is_a(key, s->key))
        return throw_wrong_key(kt, s, key);
    snprintf(ret->name, sizeof ret->name, "%s", s->name);
    ret->pss = pss;
    ret->md2 = s->nid == NID_md2WithRSAEncryption;
    ret->digest = pss ? digest_for_rsa(EVP_PKEY_get_bits(key)) : s->digest;
    return 0;
}

int mu_kt_signing_begin(mu_kt *kt, const mu_kt_signing *signing, EVP_PKEY *key, EVP_MD_CTX **ret)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;

    mu_ossl_clear();
    if (!ctx || !EVP_DigestSignInit_ex(ctx, &pctx, signing->digest, kt->libctx, NULL, key, NULL) ||
        (signing->pss && (EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) <= 0 ||
                          EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) <= 0))) {
        EVP_MD_CTX_free(ctx);
        mu_fail_ossl(&kt->err, MU_E_ALGORITHM_UNAVAILABLE, "cannot sign with %s", signing->name);
        return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, "java.security.NoSuchAlgorithmException", "%s Signature not available",
                           signing->name);
    }
    *ret = ctx;
    return 0;
}
