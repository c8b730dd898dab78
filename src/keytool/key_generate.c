#include "base/ossl.h"
#include "base/term.h"
#include "keytool/algorithm.h"
#include "keytool/number.h"

#include <openssl/dsa.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define INVALID_PARAMETER MU_KT_ILLEGAL_ARGUMENT ": java.security.InvalidAlgorithmParameterException"

/* What -keyalg, -keysize and -groupname come to. */
struct wanted {
    const char *alg, *group;
    long size; /* -1: not given */
};

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
    key = EVP_PKEY_Q_keygen(kt->libctx, NULL, type, (size_t)bits);
    mu_progress_end();
    return generated(kt, key, w->alg, ret);
}

static int generate_ec(mu_kt *kt, const struct wanted *w, EVP_PKEY **ret)
{
    static const struct {
        const char *name, *curve;
        long bits;
    } groups[] = {{"secp384r1", "P-384", 384}, {"secp256r1", "P-256", 256}, {"secp521r1", "P-521", 521}};

    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        bool fits = w->group ? strcasecmp(w->group, groups[i].name) == 0 : w->size < 0 || w->size == groups[i].bits;
        if (!fits)
            continue;
        if (w->size >= 0)
            mu_kt_warn(kt, "Specifying -keysize for generating EC keys is deprecated, please use \"-groupname %s\" instead.",
                       groups[i].name);
        return generated(kt, EVP_PKEY_Q_keygen(kt->libctx, NULL, "EC", groups[i].curve), w->alg, ret);
    }
    if (!w->group)
        return mu_kt_throw(kt, MU_E_USAGE, "java.security.spec.InvalidParameterSpecException", "Not a supported curve: %ld bits",
                           w->size);
    int nid = OBJ_sn2nid(w->group);
    char oid[64];
    if (nid == NID_undef || nid == NID_X9_62_prime256v1 || nid == NID_X25519 || nid == NID_X448)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "Unknown curve name: %s", w->group);
    OBJ_obj2txt(oid, sizeof oid, OBJ_nid2obj(nid), 1);
    return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "Curve not supported: %s (%s)", w->group, oid);
}

/* "EdDSA" takes its curve from -groupname or -keysize; a curve's own name as -keyalg must not be contradicted. */
static int generate_edwards(mu_kt *kt, const struct wanted *w, EVP_PKEY **ret)
{
    bool by_name = strcasecmp(w->alg, "EdDSA") != 0;
    const char *type = by_name ? w->alg : w->group ? w->group : "Ed25519";
    long bits;

    if (strcasecmp(type, "Ed25519") != 0 && strcasecmp(type, "Ed448") != 0)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT ": java.security.InvalidAlgorithmParameterException",
                           "Unsupported parameterSpec: %s", type);
    if (w->size >= 0 && w->size != 255 && w->size != 256 && w->size != 448)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "Unsupported size: %ld", w->size);
    bits = strcasecmp(type, "Ed448") == 0 ? 448 : 255;
    if (by_name && ((w->size >= 0 && (w->size == 448) != (bits == 448)) || (w->group && strcasecmp(w->group, type) != 0)))
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "Parameters must be %s", bits == 448 ? "Ed448" : "Ed25519");
    if (w->size == 448)
        bits = 448;
    return generated(kt, EVP_PKEY_Q_keygen(kt->libctx, NULL, bits == 448 ? "ED448" : "ED25519"), w->alg, ret);
}

/* FIPS 186-4: q has 160 bits with a p of 1024, 224 or 256 with 2048, 256 with 3072. */
static int generate_dsa(mu_kt *kt, const struct wanted *w, EVP_PKEY **ret)
{
    long bits = w->size < 0 ? 2048 : w->size;
    EVP_PKEY_CTX *params = NULL, *ctx = NULL;
    EVP_PKEY *group = NULL, *key = NULL;

    if (bits != 1024 && bits != 2048 && bits != 3072)
        return mu_kt_throw(kt, MU_E_USAGE, INVALID_PARAMETER, "Unsupported bit length: %ld", bits);
    mu_ossl_clear();
    params = EVP_PKEY_CTX_new_from_name(kt->libctx, "DSA", NULL);
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

int mu_kt_key_generate(mu_kt *kt, EVP_PKEY **ret_key)
{
    struct wanted w = {.alg = mu_kt_get(kt, MU_KT_KEY_ALG), .group = mu_kt_get(kt, MU_KT_GROUP_NAME), .size = -1};

    if (mu_kt_is_set(kt, MU_KT_KEY_SIZE) && mu_kt_parse_int(kt, mu_kt_get(kt, MU_KT_KEY_SIZE), &w.size) != 0)
        return -1;
    if (w.group && w.size >= 0)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Cannot specify both -groupname and -keysize");
    mu_ossl_clear();
    if (strcasecmp(w.alg, "RSA") == 0 || strcmp(w.alg, "1.2.840.113549.1.1.1") == 0)
        return generate_rsa(kt, &w, "RSA", ret_key);
    if (strcasecmp(w.alg, "RSASSA-PSS") == 0)
        return generate_rsa(kt, &w, "RSA-PSS", ret_key);
    if (strcasecmp(w.alg, "EC") == 0)
        return generate_ec(kt, &w, ret_key);
    if (strcasecmp(w.alg, "DSA") == 0)
        return generate_dsa(kt, &w, ret_key);
    if (strcasecmp(w.alg, "EdDSA") == 0 || strcasecmp(w.alg, "Ed25519") == 0 || strcasecmp(w.alg, "Ed448") == 0)
        return generate_edwards(kt, &w, ret_key);
    if (strcasecmp(w.alg, "X25519") == 0 || strcasecmp(w.alg, "X448") == 0 || strcasecmp(w.alg, "XDH") == 0)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "Cannot derive signature algorithm from XDH");
    return mu_kt_throw(kt, MU_E_ALGORITHM_UNAVAILABLE, "java.security.NoSuchAlgorithmException",
                       "%s KeyPairGenerator not available", w.alg);
}
