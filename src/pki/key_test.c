#include "pki/testing.h"

#include <openssl/err.h>

static const struct {
    const char *text;
    mu_key_type type;
    int bits;
    const char *shown, *digest;
} good[] = {
    {"RSA", MU_KEY_RSA, 2048, "2048-bit RSA", "SHA256"},
    {"rsa:3072", MU_KEY_RSA, 3072, NULL, NULL},
    {"RSA:8192", MU_KEY_RSA, 8192, NULL, NULL},
    {"EC", MU_KEY_EC, 256, "256-bit EC (secp256r1)", "SHA256"},
    {"ec:P-384", MU_KEY_EC, 384, "384-bit EC (secp384r1)", "SHA384"},
    {"EC:secp521r1", MU_KEY_EC, 521, "521-bit EC (secp521r1)", "SHA512"},
    {"EC:prime256v1", MU_KEY_EC, 256, NULL, NULL},
    {"EC:384", MU_KEY_EC, 384, NULL, NULL},
    {"ed25519", MU_KEY_ED25519, 0, "Ed25519", NULL},
    {"Ed448", MU_KEY_ED448, 0, "Ed448", NULL},
};

static void specs_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        mu_key_spec spec;
        assert_ok(mu_key_spec_parse(good[i].text, &spec, &err));
        assert_int_equal(spec.type, good[i].type);
        assert_int_equal(spec.bits, good[i].bits);
    }
}

static void wrong_specs_are_refused(void **state)
{
    static const char *const bad[] = {"", "RSA:", "RSA:1024", "RSA:2047", "RSA:8193", "RSA:2048x", "RSA:-2048", "EC:", "EC:P-224",
                                      "EC:secp256k1", "EC:25", "DSA", "Ed25519:255", "RSAA", "R", "\x1b[31m"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mu_key_spec spec;
        assert_code(MU_E_USAGE, mu_key_spec_parse(bad[i], &spec, &err));
    }
    mu_key_spec weak = {MU_KEY_RSA, 1024}, odd = {MU_KEY_EC, 224};
    EVP_PKEY *key = NULL;
    assert_code(MU_E_USAGE, mu_key_generate(NULL, &weak, &key, &err));
    assert_code(MU_E_USAGE, mu_key_generate(NULL, &odd, &key, &err));
    assert_null(key);
}

static void keys_are_made_and_described(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!good[i].shown)
            continue;
        EVP_PKEY *key = test_key(good[i].text);
        char *shown = mu_key_describe(key);
        assert_string_equal(shown, good[i].shown);
        if (good[i].digest)
            assert_string_equal(mu_key_digest(key), good[i].digest);
        else
            assert_null(mu_key_digest(key));
        free(shown);
        EVP_PKEY_free(key);
    }
}

static void what_the_library_lacks_is_named(void **state)
{
    mu_key_spec spec = {MU_KEY_EC, 256};
    EVP_PKEY *key = NULL;
    OSSL_LIB_CTX *empty = OSSL_LIB_CTX_new();
    (void)state;
    EVP_set_default_properties(empty, "provider=none-of-that-name");
    assert_code(MU_E_ALGORITHM_UNAVAILABLE, mu_key_generate(empty, &spec, &key, &err));
    assert_int_equal(ERR_peek_error(), 0);
    OSSL_LIB_CTX_free(empty);
}

static void pairs_are_checked(void **state)
{
    EVP_PKEY *key = test_key("EC"), *other = test_key("EC"), *ed = test_key("Ed25519");
    X509 *cert = test_cert(MU_PROFILE_ROOT, "CN=Root", NULL, key, NULL, NULL, 30);
    (void)state;
    assert_ok(mu_key_check_pair(cert, key, &err));
    assert_code(MU_E_KEY_CERT_MISMATCH, mu_key_check_pair(cert, other, &err));
    assert_code(MU_E_KEY_CERT_MISMATCH, mu_key_check_pair(cert, ed, &err));
    X509_free(cert);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    EVP_PKEY_free(ed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(specs_are_read),
        cmocka_unit_test(wrong_specs_are_refused),
        cmocka_unit_test(keys_are_made_and_described),
        cmocka_unit_test(what_the_library_lacks_is_named),
        cmocka_unit_test(pairs_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
