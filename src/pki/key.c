/* Keys: which ones we make, and what they sign with. */
#include "base/ossl.h"
#include "base/text.h"
#include "pki/internal.h"

#include <openssl/core_names.h>
#include <stdlib.h>
#include <string.h>

static const struct curve {
    int bits;
    const char *nist, *secg, *openssl; /* openssl: the group name its key manager reports */
} curves[] = {
    {256, "P-256", "secp256r1", "prime256v1"},
    {384, "P-384", "secp384r1", "secp384r1"},
    {521, "P-521", "secp521r1", "secp521r1"},
};

static int parse_curve(const char *text)
{
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        char bits[8];
        snprintf(bits, sizeof bits, "%d", curves[i].bits);
        if (mu_str_eq_nocase(text, curves[i].nist) || mu_str_eq_nocase(text, curves[i].secg) ||
            mu_str_eq_nocase(text, curves[i].openssl) || strcmp(text, bits) == 0)
            return curves[i].bits;
    }
    return 0;
}

static const struct curve *curve_of_bits(int bits)
{
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (curves[i].bits == bits)
            return &curves[i];
    return NULL;
}

static int bad_spec(const char *text, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "\"%s\" is no key algorithm that can be made here", mu_escape_to(shown, text));
    return mu_err_hint(err, "Use RSA:2048 to RSA:8192, EC:P-256, EC:P-384, EC:P-521, Ed25519 or Ed448.");
}

int mu_key_spec_parse(const char *text, mu_key_spec *ret_spec, mu_err **err)
{
    const char *size = strchr(text, ':');
    size_t len = size ? (size_t)(size - text) : strlen(text);
    mu_key_spec spec = {0};
    long bits;

    if (len == 3 && strncasecmp(text, "RSA", 3) == 0) {
        spec = (mu_key_spec){MU_KEY_RSA, 2048};
        if (size && !mu_str_to_long(size + 1, 2048, 8192, &bits))
            return bad_spec(text, err);
        if (size)
            spec.bits = (int)bits;
    } else if (len == 2 && strncasecmp(text, "EC", 2) == 0) {
        spec = (mu_key_spec){MU_KEY_EC, size ? parse_curve(size + 1) : 256};
        if (spec.bits == 0)
            return bad_spec(text, err);
    } else if (mu_str_eq_nocase(text, "Ed25519")) {
        spec.type = MU_KEY_ED25519;
    } else if (mu_str_eq_nocase(text, "Ed448")) {
        spec.type = MU_KEY_ED448;
    } else {
        return bad_spec(text, err);
    }
    *ret_spec = spec;
    return 0;
}

static EVP_PKEY *generate(OSSL_LIB_CTX *libctx, const mu_key_spec *spec)
{
    switch (spec->type) {
    case MU_KEY_RSA:
        return EVP_PKEY_Q_keygen(libctx, NULL, "RSA", (size_t)spec->bits);
    case MU_KEY_EC:
        return EVP_PKEY_Q_keygen(libctx, NULL, "EC", curve_of_bits(spec->bits)->nist);
    case MU_KEY_ED25519:
        return EVP_PKEY_Q_keygen(libctx, NULL, "ED25519");
    case MU_KEY_ED448:
        return EVP_PKEY_Q_keygen(libctx, NULL, "ED448");
    }
    return NULL;
}

int mu_key_generate(OSSL_LIB_CTX *libctx, const mu_key_spec *spec, EVP_PKEY **ret_key, mu_err **err)
{
    static const char *const names[] = {"RSA", "EC", "Ed25519", "Ed448"};
    if ((spec->type == MU_KEY_EC && !curve_of_bits(spec->bits)) ||
        (spec->type == MU_KEY_RSA && (spec->bits < 2048 || spec->bits > 8192)))
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "%s keys of %d bits are not made here", names[spec->type], spec->bits);
    mu_ossl_clear();
    EVP_PKEY *key = generate(libctx, spec);
    if (!key)
        return mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "cannot make a key of type %s", names[spec->type]);
    *ret_key = key;
    return 0;
}

static void group_name(const EVP_PKEY *key, char *out, size_t size)
{
    size_t len;
    const struct curve *curve = curve_of_bits(EVP_PKEY_get_bits(key));
    if (!EVP_PKEY_get_group_name(key, out, size, &len))
        snprintf(out, size, "explicit parameters");
    else if (curve && strcmp(out, curve->openssl) == 0)
        snprintf(out, size, "%s", curve->secg);
}

char *mu_key_describe(const EVP_PKEY *key)
{
    const char *type = EVP_PKEY_get0_type_name(key);
    if (EVP_PKEY_is_a(key, "ED25519"))
        return mu_strdup("Ed25519");
    if (EVP_PKEY_is_a(key, "ED448"))
        return mu_strdup("Ed448");
    if (EVP_PKEY_is_a(key, "EC")) {
        char group[64];
        group_name(key, group, sizeof group);
        return mu_asprintf("%d-bit EC (%s)", EVP_PKEY_get_bits(key), group);
    }
    return mu_asprintf("%d-bit %s", EVP_PKEY_get_bits(key), type ? type : "key of unknown type");
}

const char *mu_key_digest(const EVP_PKEY *key)
{
    if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS"))
        return "SHA256";
    if (!EVP_PKEY_is_a(key, "EC"))
        return NULL;
    int bits = EVP_PKEY_get_bits(key);
    return bits <= 256 ? "SHA256" : bits <= 384 ? "SHA384" : "SHA512";
}

int mu_key_check_pair(const X509 *cert, const EVP_PKEY *key, mu_err **err)
{
    mu_ossl_clear();
    const EVP_PKEY *public_key = X509_get0_pubkey(cert);
    if (public_key && EVP_PKEY_eq(public_key, key) == 1)
        return 0;
    mu_ossl_clear();
    char *has = mu_key_describe(key), *wants = public_key ? mu_key_describe(public_key) : NULL, *subject = NULL;
    subject = mu_name_text(X509_get_subject_name(cert));
    mu_fail(err, MU_E_KEY_CERT_MISMATCH, "the private key does not belong to the certificate of \"%s\"", subject ? subject : "");
    mu_err_detail(err, "private key: %s, key in the certificate: %s", has ? has : "?", wants ? wants : "unreadable");
    free(has);
    free(wants);
    free(subject);
    return -1;
}

EVP_MD_CTX *mu_key_sign_ctx(OSSL_LIB_CTX *libctx, EVP_PKEY *key, mu_err **err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx) {
        mu_fail_nomem(err);
        return NULL;
    }
    mu_ossl_clear();
    if (EVP_DigestSignInit_ex(ctx, NULL, mu_key_digest(key), libctx, NULL, key, NULL) == 1)
        return ctx;
    mu_fail_ossl(err, MU_E_ALGORITHM_UNAVAILABLE, "cannot sign with this key");
    EVP_MD_CTX_free(ctx);
    return NULL;
}
