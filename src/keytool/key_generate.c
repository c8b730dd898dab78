#include "base/ossl.h"
#include "base/term.h"
#include "keytool/algorithm.h"
#include "keytool/number.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define INVALID_PARAMETER MU_KT_ILLEGAL_ARGUMENT ": java.security.InvalidAlgorithmParameterException"

struct wanted;

/* An algorithm under one of its names. */
struct kind {
    const char *name, *oid; /* oid "": none of its own */
    int (*generate)(mu_kt *kt, const struct wanted *w, const char *type, EVP_PKEY **ret);
    const char *type; /* in OpenSSL's words, or of the family */
    bool member;      /* one of a family */
};

/* What -keyalg, -keysize and -groupname come to. */
struct wanted {
    const char *alg, *group;
    const struct kind *kind;
    long size; /* -1: not given */
};

static const struct kind *find_kind(const char *name);

static int generated(mu_kt *kt, EVP_PKEY *key, const char *what, EVP_PKEY **ret)
{
    if (key) {
        *ret = key;
        return 0;
    }
    mu_fail_ossl(&kt->err, MU_E_ALGORITHM_UNAVAILABLE, "cannot make a key of type %s", what);
    return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, "java.security.NoSuchAlgorithmException",
                       "%s KeyPairGenerator not available", what);
}

/* EVP_PKEY_Q_keygen knows only some of them. @param rsa_bits 0: the type says all */
static EVP_PKEY *make(const mu_kt *kt, const char *type, int rsa_bits)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(kt->libctx, type, NULL);
    EVP_PKEY *key = NULL;

    if (ctx && EVP_PKEY_keygen_init(ctx) > 0 && (!rsa_bits || EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, rsa_bits) > 0))
        EVP_PKEY_generate(ctx, &key);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static int generate_rsa(mu_kt *kt, const struct wanted *w, const char *type, EVP_PKEY **ret)
{
    char what[64];
    EVP_PKEY *key;
    long bits = w->size < 0 ? 3072 : w->size;

    if (w->group)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "Params must be instance of RSAKeyGenParameterSpec");
    if (bits < 512 || bits > 16384)
        return mu_kt_throw(kt, MU_E_USAGE, INVALID_PARAMETER, "Invalid key sizes");
    snprintf(what, sizeof what, "making a %ld-bit RSA key", bits);
    mu_progress_begin(what);
    key = make(kt, type, (int)bits);
    mu_progress_end();
    return generated(kt, key, w->alg, ret);
}

static const struct group {
    const char *name, *curve;
    long bits;
} groups[] = {{"secp384r1", "P-384", 384}, {"secp256r1", "P-256", 256}, {"secp521r1", "P-521", 521}};

/* The first one if neither is asked for; NULL: none is meant. */
static const struct group *find_group(const struct wanted *w)
{
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (w->group ? strcasecmp(w->group, groups[i].name) == 0 : w->size < 0 || w->size == groups[i].bits)
            return &groups[i];
    return NULL;
}

static int generate_ec(mu_kt *kt, const struct wanted *w, const char *type, EVP_PKEY **ret)
{
    const struct group *group = find_group(w);
    int nid;
    char oid[64];

    if (group)
        return generated(kt, EVP_PKEY_Q_keygen(kt->libctx, NULL, type, group->curve), w->alg, ret);
    nid = OBJ_sn2nid(w->group);
    if (nid == NID_undef || nid == NID_X9_62_prime256v1 || nid == NID_X25519 || nid == NID_X448)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "Unknown curve name: %s", w->group);
    OBJ_obj2txt(oid, sizeof oid, OBJ_nid2obj(nid), 1);
    return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "Curve not supported: %s (%s)", w->group, oid);
}

/* A family takes its member from -groupname or -keysize; a member's own name as -keyalg must not be contradicted. */
static int generate_curve(mu_kt *kt, const struct wanted *w, const char *family, EVP_PKEY **ret)
{
    bool signs = strcmp(family, "EdDSA") == 0, by_name = w->kind->member;
    const char *small = signs ? "Ed25519" : "X25519", *large = signs ? "Ed448" : "X448";
    const char *asked = w->group ? w->group : w->size == 448 ? large : small, *type;

    if (w->size >= 0 && w->size != 255 && w->size != 448)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "Unsupported size: %ld", w->size);
    if (strcasecmp(asked, small) != 0 && strcasecmp(asked, large) != 0)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "Unsupported name: %s", asked);
    type = strcasecmp(by_name ? w->kind->name : asked, large) == 0 ? large : small;
    if (by_name && (w->group || w->size >= 0) && strcasecmp(asked, type) != 0)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "Parameters must be %s", type);
    return generated(kt, make(kt, type, 0), w->alg, ret);
}

/* ML-DSA and ML-KEM: OpenSSL has them from 3.5. */
static int generate_lattice(mu_kt *kt, const struct wanted *w, const char *family, EVP_PKEY **ret)
{
    const char *type = w->group ? w->group : w->kind->member ? w->kind->name : strcmp(family, "ML-DSA") == 0 ? "ML-DSA-65" : "ML-KEM-768";

    if (w->size >= 0)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "keysize not supported");
    if (w->group && ((w->kind->member && strcasecmp(w->group, w->kind->name) != 0) || !find_kind(w->group) ||
                     strncasecmp(w->group, family, strlen(family)) != 0 || !find_kind(w->group)->member))
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "Unsupported parameter set name: %s", w->group);
    return generated(kt, make(kt, type, 0), w->alg, ret);
}

/* FIPS 186-4: q has 160 bits with a p of 1024, 224 or 256 with 2048, 256 with 3072. */
static int generate_dsa(mu_kt *kt, const struct wanted *w, const char *type, EVP_PKEY **ret)
{
    long bits = w->size < 0 ? 2048 : w->size;
    EVP_PKEY_CTX *params = NULL, *ctx = NULL;
    EVP_PKEY *group = NULL, *key = NULL;

    if (w->group)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "Inappropriate parameter");
    if (bits != 1024 && bits != 2048 && bits != 3072)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT,
                           bits > 1024 ? "Invalid DSA Prime Size: %ld" : "Unsupported prime and subprime size combination: %ld, 160", bits);
    mu_ossl_clear();
    params = EVP_PKEY_CTX_new_from_name(kt->libctx, type, NULL);
    mu_progress_begin("making a DSA key");
    if (params && EVP_PKEY_paramgen_init(params) > 0 && EVP_PKEY_CTX_set_dsa_paramgen_bits(params, (int)bits) > 0 &&
        EVP_PKEY_CTX_set_dsa_paramgen_q_bits(params, bits == 1024 ? 160 : 256) > 0 && EVP_PKEY_paramgen(params, &group) > 0 &&
        (ctx = EVP_PKEY_CTX_new_from_pkey(kt->libctx, group, NULL)) && EVP_PKEY_keygen_init(ctx) > 0)
        EVP_PKEY_keygen(ctx, &key);
    mu_progress_end();
    EVP_PKEY_CTX_free(params);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(group);
    return generated(kt, key, w->alg, ret);
}

/* The groups of RFC 2409 and RFC 3526, and how long the JDK makes their private keys. */
static const struct modp {
    long bits;
    BIGNUM *(*prime)(BIGNUM *);
    int private_bits;
} modps[] = {{3072, BN_get_rfc3526_prime_3072, 256}, {768, BN_get_rfc2409_prime_768, 160},   {1024, BN_get_rfc2409_prime_1024, 160},
             {2048, BN_get_rfc3526_prime_2048, 224}, {4096, BN_get_rfc3526_prime_4096, 304}, {6144, BN_get_rfc3526_prime_6144, 352},
             {8192, BN_get_rfc3526_prime_8192, 400}};

static EVP_PKEY *make_dh(const mu_kt *kt, const struct modp *modp)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *p = modp->prime(NULL), *g = BN_new();
    EVP_PKEY_CTX *from = EVP_PKEY_CTX_new_from_name(kt->libctx, "DH", NULL), *ctx = NULL;
    EVP_PKEY *group = NULL, *key = NULL;
    OSSL_PARAM *params = NULL;

    if (build && p && g && BN_set_word(g, 2) && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_FFC_P, p) &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_FFC_G, g) &&
        OSSL_PARAM_BLD_push_int(build, OSSL_PKEY_PARAM_DH_PRIV_LEN, modp->private_bits) && (params = OSSL_PARAM_BLD_to_param(build)) &&
        from && EVP_PKEY_fromdata_init(from) > 0 && EVP_PKEY_fromdata(from, &group, EVP_PKEY_KEY_PARAMETERS, params) > 0 &&
        (ctx = EVP_PKEY_CTX_new_from_pkey(kt->libctx, group, NULL)) && EVP_PKEY_keygen_init(ctx) > 0)
        EVP_PKEY_keygen(ctx, &key);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(p);
    BN_free(g);
    EVP_PKEY_free(group);
    EVP_PKEY_CTX_free(from);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static int generate_dh(mu_kt *kt, const struct wanted *w, const char *type, EVP_PKEY **ret)
{
    long bits = w->size < 0 ? modps[0].bits : w->size;
    const struct modp *modp = NULL;

    (void)type;
    for (size_t i = 0; i < sizeof modps / sizeof *modps; i++)
        if (modps[i].bits == bits)
            modp = &modps[i];
    if (w->group)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "Inappropriate parameter type");
    if (bits < 512 || bits > 8192 || bits % 64)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT,
                           "DH key size must be multiple of 64, and can only range from 512 to 8192 (inclusive). "
                           "The specific key size %ld is not supported", bits);
    if (!modp)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT,
                           "Supported DH key size must be multiple of 64 and range from 512 to 1024 (inclusive), or 2048, 3072. "
                           "The specified key size %ld is not supported", bits);
    return generated(kt, make_dh(kt, modp), w->alg, ret);
}

static const struct kind kinds[] = {
    {"RSA", "1.2.840.113549.1.1.1", generate_rsa, "RSA", false},
    {"RSASSA-PSS", "1.2.840.113549.1.1.10", generate_rsa, "RSA-PSS", false},
    {"EC", "1.2.840.10045.2.1", generate_ec, "EC", false},
    {"DSA", "1.2.840.10040.4.1", generate_dsa, "DSA", false},
    {"DH", "1.2.840.113549.1.3.1", generate_dh, "DH", false},
    {"DiffieHellman", "", generate_dh, "DH", false},
    {"EdDSA", "", generate_curve, "EdDSA", false},
    {"Ed25519", "1.3.101.112", generate_curve, "EdDSA", true},
    {"Ed448", "1.3.101.113", generate_curve, "EdDSA", true},
    {"XDH", "", generate_curve, "XDH", false},
    {"X25519", "1.3.101.110", generate_curve, "XDH", true},
    {"X448", "1.3.101.111", generate_curve, "XDH", true},
    {"ML-DSA", "", generate_lattice, "ML-DSA", false},
    {"ML-DSA-44", "2.16.840.1.101.3.4.3.17", generate_lattice, "ML-DSA", true},
    {"ML-DSA-65", "2.16.840.1.101.3.4.3.18", generate_lattice, "ML-DSA", true},
    {"ML-DSA-87", "2.16.840.1.101.3.4.3.19", generate_lattice, "ML-DSA", true},
    {"ML-KEM", "", generate_lattice, "ML-KEM", false},
    {"ML-KEM-512", "2.16.840.1.101.3.4.4.1", generate_lattice, "ML-KEM", true},
    {"ML-KEM-768", "2.16.840.1.101.3.4.4.2", generate_lattice, "ML-KEM", true},
    {"ML-KEM-1024", "2.16.840.1.101.3.4.4.3", generate_lattice, "ML-KEM", true},
};

static const struct kind *find_kind(const char *name)
{
    const char *oid = strncasecmp(name, "OID.", 4) == 0 ? name + 4 : name;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcasecmp(kinds[i].name, name) == 0 || (*oid && strcmp(kinds[i].oid, oid) == 0))
            return &kinds[i];
    return NULL;
}

static int read_options(mu_kt *kt, struct wanted *w)
{
    *w = (struct wanted){.alg = mu_kt_get(kt, MU_KT_KEY_ALG), .group = mu_kt_get(kt, MU_KT_GROUP_NAME), .size = -1};
    w->kind = w->alg ? find_kind(w->alg) : NULL;
    return mu_kt_is_set(kt, MU_KT_KEY_SIZE) ? mu_kt_parse_int(kt, mu_kt_get(kt, MU_KT_KEY_SIZE), &w->size) : 0;
}

int mu_kt_key_check(mu_kt *kt)
{
    struct wanted w;
    const struct group *group;

    if (read_options(kt, &w) != 0)
        return -1;
    if (!w.alg)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "The -keyalg option must be specified.");
    if (w.group && w.size >= 0)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Cannot specify both -groupname and -keysize");
    if (strcasecmp(w.alg, "EC") != 0 || w.size < 0)
        return 0;
    if (!(group = find_group(&w)))
        return mu_kt_throw(kt, MU_E_USAGE, "java.security.spec.InvalidParameterSpecException", "Not a supported curve: %ld bits",
                           w.size);
    mu_kt_warn(kt, "Specifying -keysize for generating EC keys is deprecated, please use \"-groupname %s\" instead.", group->name);
    return 0;
}

int mu_kt_key_known(mu_kt *kt)
{
    const char *alg = mu_kt_get(kt, MU_KT_KEY_ALG);
    return find_kind(alg) ? 0
                          : mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, "java.security.NoSuchAlgorithmException",
                                        "%s KeyPairGenerator not available", alg);
}

int mu_kt_key_generate(mu_kt *kt, EVP_PKEY **ret_key)
{
    struct wanted w;

    if (read_options(kt, &w) != 0)
        return -1;
    mu_ossl_clear();
    return w.kind->generate(kt, &w, w.kind->type, ret_key);
}
