#include "keytool/secret_key.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>
#include <strings.h>

#define INVALID "java.security.InvalidParameterException: "
#define HMAC(name, oid) {name, "", oid, 40, MU_KT_SECRET_MAX_BITS, 1, INVALID "Key length must be at least 40 bits", true}
#define OLD_HMAC(name, oid, in_pkcs12) \
    {name, "", oid, 1, MU_KT_SECRET_MAX_BITS, 1, MU_KT_ILLEGAL_ARGUMENT ": keysize must not be <= 0", in_pkcs12}
#define STREAM(name, other, oid) {name, other, oid, 40, 1024, 1, INVALID "Key length for " name " must be between 40 and 1024 bits", true}

/* com.sun.crypto.provider.SunJCE */
static const mu_kt_secret_kind kinds[] = {
    {"AES", "", "2.16.840.1.101.3.4.1", 128, 256, 64, INVALID "Wrong keysize: must be equal to 128, 192 or 256", true},
    {"DES", "", "", 56, 56, 1, INVALID "Wrong keysize: must be equal to 56", true},
    {"DESede", "TripleDES", "", 112, 168, 56, INVALID "Wrong keysize: must be equal to 112 or 168", true},
    {"Blowfish", "", "", 32, 448, 8, INVALID "Keysize must be multiple of 8, and can only range from 32 to 448 (inclusive)", true},
    {"ChaCha20", "", "", 256, 256, 1, INVALID "Key length for ChaCha20 must be 256 bits", false},
    STREAM("ARCFOUR", "RC4", "1.2.840.113549.3.4"),
    STREAM("RC2", "", ""),
    OLD_HMAC("HmacMD5", "", false),
    OLD_HMAC("HmacSHA1", "1.2.840.113549.2.7", true),
    HMAC("HmacSHA224", "1.2.840.113549.2.8"),
    HMAC("HmacSHA256", "1.2.840.113549.2.9"),
    HMAC("HmacSHA384", "1.2.840.113549.2.10"),
    HMAC("HmacSHA512", "1.2.840.113549.2.11"),
    HMAC("HmacSHA512/224", "1.2.840.113549.2.12"),
    HMAC("HmacSHA512/256", "1.2.840.113549.2.13"),
    HMAC("HmacSHA3-224", "2.16.840.1.101.3.4.2.13"),
    HMAC("HmacSHA3-256", "2.16.840.1.101.3.4.2.14"),
    HMAC("HmacSHA3-384", "2.16.840.1.101.3.4.2.15"),
    HMAC("HmacSHA3-512", "2.16.840.1.101.3.4.2.16"),
};

const mu_kt_secret_kind *mu_kt_secret_kind_find(const char *name)
{
    const char *oid = strncasecmp(name, "OID.", 4) == 0 ? name + 4 : name;
    for (size_t i = 0; *oid && i < sizeof kinds / sizeof *kinds; i++)
        if (strcasecmp(kinds[i].name, name) == 0 || strcasecmp(kinds[i].other, name) == 0 || strcmp(kinds[i].oid, oid) == 0)
            return &kinds[i];
    return NULL;
}

/* As many bytes hold the bits; but of DES keys each byte has seven, and one of 112 bits begins again. */
static size_t byte_length(const mu_kt_secret_kind *kind, long bits)
{
    return strcmp(kind->name, "DES") == 0 ? 8 : strcmp(kind->name, "DESede") == 0 ? 24 : (size_t)(bits + 7) / 8;
}

static void set_odd_parity(uint8_t *key, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t ones = 0;
        for (int bit = 1; bit < 8; bit++)
            ones ^= key[i] >> bit & 1;
        key[i] = (uint8_t)((key[i] & 0xFE) | (ones ^ 1));
    }
}

static int find_size(mu_kt *kt, const mu_kt_secret_kind *kind, long *bits)
{
    const char *asked = mu_kt_get(kt, MU_KT_KEY_ALG);
    bool has_default = strcasecmp(asked, "DES") == 0 || strcasecmp(asked, "DESede") == 0;

    if (*bits == -1 && !has_default)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Please provide -keysize for secret key generation");
    if (*bits == -1)
        *bits = kind->most;
    if (*bits > MU_KT_SECRET_MAX_BITS && kind->most == MU_KT_SECRET_MAX_BITS)
        return mu_kt_throw(kt, MU_E_USAGE, MU_KT_ILLEGAL_ARGUMENT, "a key of %ld bits is longer than the %d that are made", *bits,
                           MU_KT_SECRET_MAX_BITS);
    if (*bits < kind->least || *bits > kind->most || (*bits - kind->least) % kind->step != 0)
        return mu_kt_throw(kt, MU_E_USAGE, kind->wrong, NULL);
    return 0;
}

int mu_kt_secret_generate(mu_kt *kt, const mu_kt_secret_kind *kind, long *bits, uint8_t **ret_key, size_t *ret_len)
{
    uint8_t *key;
    size_t len;

    if (find_size(kt, kind, bits) != 0)
        return -1;
    len = byte_length(kind, *bits);
    key = OPENSSL_malloc(len);
    if (!key || RAND_priv_bytes_ex(kt->libctx, key, len, 0) != 1) {
        OPENSSL_clear_free(key, len);
        return mu_fail_nomem(&kt->err);
    }
    if (strncmp(kind->name, "DES", 3) == 0)
        set_odd_parity(key, len);
    if (len == 24 && *bits == 112)
        memcpy(key + 16, key, 8);
    *ret_key = key;
    *ret_len = len;
    return 0;
}
