/* How the JDK names what protects a PKCS12. Source: the keystore.pkcs12.* properties of java.security, JDK 25. */
#include "keystore_internal.h"

#include <openssl/evp.h>
#include <strings.h>

static const struct {
    const char *name;
    int scheme;
} schemes[] = {
    {"PBEWithMD5AndDES", NID_pbeWithMD5AndDES_CBC},
    {"PBEWithSHA1AndDESede", NID_pbe_WithSHA1And3_Key_TripleDES_CBC},
    {"PBEWithSHA1AndRC2_40", NID_pbe_WithSHA1And40BitRC2_CBC},
    {"PBEWithSHA1AndRC2_128", NID_pbe_WithSHA1And128BitRC2_CBC},
    {"PBEWithSHA1AndRC4_40", NID_pbe_WithSHA1And40BitRC4},
    {"PBEWithSHA1AndRC4_128", NID_pbe_WithSHA1And128BitRC4},
};

static const struct {
    const char *name; /* behind "SHA" */
    int digest, hmac;
} hashes[] = {
    {"1", NID_sha1, NID_hmacWithSHA1},
    {"224", NID_sha224, NID_hmacWithSHA224},
    {"256", NID_sha256, NID_hmacWithSHA256},
    {"384", NID_sha384, NID_hmacWithSHA384},
    {"512", NID_sha512, NID_hmacWithSHA512},
    {"512/224", NID_sha512_224, NID_hmacWithSHA512_224},
    {"512/256", NID_sha512_256, NID_hmacWithSHA512_256},
};

#define HASH_COUNT (sizeof hashes / sizeof *hashes)

/* A password based encryption of PKCS #12 or PKCS #5 version 1: its name, or its OID. */
static bool find_scheme(const char *name, mu_pbe *ret)
{
    char oid[64];
    int cipher;

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        OBJ_obj2txt(oid, sizeof oid, OBJ_nid2obj(schemes[i].scheme), 1);
        if ((strcasecmp(name, schemes[i].name) == 0 || strcmp(name, oid) == 0) &&
            EVP_PBE_find(EVP_PBE_TYPE_OUTER, schemes[i].scheme, &cipher, NULL, NULL) == 1) {
            *ret = (mu_pbe){.scheme = schemes[i].scheme, .iterations = MU_DEFAULT_ITERATIONS};
            mu_pbe_set_cipher(ret, cipher);
            return true;
        }
    }
    return false;
}

bool mu_pbe_by_name(const char *name, mu_pbe *ret)
{
    char known[64];

    for (size_t i = 0; i < 2 * HASH_COUNT; i++) {
        snprintf(known, sizeof known, "PBEWithHmacSHA%sAndAES_%d", hashes[i / 2].name, i % 2 ? 128 : 256);
        if (strcasecmp(name, known) == 0) {
            *ret = mu_pbe_default;
            ret->prf = hashes[i / 2].hmac;
            ret->cipher = i % 2 ? NID_aes_128_cbc : NID_aes_256_cbc;
            return true;
        }
    }
    return find_scheme(name, ret);
}

bool mu_mac_by_name(const char *name, mu_mac *ret)
{
    char known[64];

    for (size_t i = 0; i < 2 * HASH_COUNT; i++) {
        bool pbmac1 = i % 2 == 1;
        snprintf(known, sizeof known, pbmac1 ? "PBEWithHmacSHA%s" : "HmacPBESHA%s", hashes[i / 2].name);
        if (strcasecmp(name, known) == 0) {
            *ret = (mu_mac){true, pbmac1, hashes[i / 2].digest, hashes[i / 2].hmac, MU_DEFAULT_ITERATIONS};
            return true;
        }
    }
    *ret = (mu_mac){.present = false};
    return strcasecmp(name, "NONE") == 0;
}

static long iterations_of(int own, const mu_store_write_options *options)
{
    return own ? own : options->iterations ? options->iterations : MU_DEFAULT_ITERATIONS;
}

int mu_pbe_choose(const char *name, int iterations, const mu_store_write_options *options, mu_pbe *ret, mu_err **err)
{
    *ret = mu_pbe_default;
    if (name && !mu_pbe_by_name(name, ret)) {
        mu_fail(err, MU_E_ALGORITHM_UNAVAILABLE, "there is no such encryption for PKCS12");
        return mu_err_detail(err, "%s", name);
    }
    ret->iterations = iterations_of(iterations, options);
    return 0;
}

int mu_mac_choose(const mu_store_write_options *options, mu_mac *ret, mu_err **err)
{
    *ret = mu_mac_default;
    if (options->mac_algorithm && !mu_mac_by_name(options->mac_algorithm, ret)) {
        mu_fail(err, MU_E_ALGORITHM_UNAVAILABLE, "there is no such MAC for PKCS12");
        return mu_err_detail(err, "%s", options->mac_algorithm);
    }
    ret->pbmac1 = ret->pbmac1 || options->pbmac1;
    ret->iterations = iterations_of(options->mac_iterations, options);
    return 0;
}

bool mu_store_knows_protection(const char *name)
{
    mu_pbe pbe;
    return mu_pbe_by_name(name, &pbe);
}

bool mu_store_knows_mac(const char *name)
{
    mu_mac mac;
    return mu_mac_by_name(name, &mac);
}
