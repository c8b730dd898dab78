/** For the tests of pki and of the layers above: keys and certificates made on the spot. Included by test files only. */
#ifndef MU_PKI_TESTING_H
#define MU_PKI_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <mutual/pki.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEST_NOW_S INT64_C(1800000000) /* 2027-01-15T08:00:00Z */
#define TEST_DAY_S INT64_C(86400)

/* A call that must succeed, and leave err alone; one that must fail with exactly that code, and say so. */
#define assert_ok(call)                                                                                                            \
    do {                                                                                                                           \
        mu_err *err = NULL;                                                                                                        \
        if ((call) != 0)                                                                                                           \
            fail_msg("%s: %s [%s] %s", #call, err ? err->msg : "?", err ? mu_code_name(err->code) : "no error",                    \
                     err && err->detail ? err->detail : "");                                                                       \
        assert_null(err);                                                                                                          \
    } while (0)
#define assert_code(expected, call)                                                                                                \
    do {                                                                                                                           \
        mu_err *err = NULL;                                                                                                        \
        assert_int_equal(call, -1);                                                                                                \
        assert_non_null(err);                                                                                                      \
        assert_string_equal(mu_code_name(err->code), mu_code_name(expected));                                                      \
        mu_err_free(err);                                                                                                          \
    } while (0)

static inline EVP_PKEY *test_key(const char *spec_text)
{
    mu_key_spec spec;
    EVP_PKEY *key = NULL;
    assert_ok(mu_key_spec_parse(spec_text, &spec, &err));
    assert_ok(mu_key_generate(NULL, &spec, &key, &err));
    return key;
}

/* A P-256 key with its public half and another's private half: it passes for that key, and what it signs verifies nowhere. */
static inline EVP_PKEY *test_faulty_key(const EVP_PKEY *key)
{
    EVP_PKEY *made = NULL, *other = test_key("EC");
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *private_half = NULL;
    uint8_t point[65];
    size_t len = 0;
    assert_true(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len));
    assert_true(EVP_PKEY_get_bn_param(other, OSSL_PKEY_PARAM_PRIV_KEY, &private_half));
    assert_true(OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
                OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, len) &&
                OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, private_half));
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_KEYPAIR, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    BN_clear_free(private_half);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(other);
    return made;
}

static inline X509_NAME *test_name(const char *text)
{
    X509_NAME *name = NULL;
    assert_ok(mu_name_parse(text, &name, &err));
    return name;
}

static inline GENERAL_NAMES *test_san(const char *text)
{
    GENERAL_NAMES *names = NULL;
    assert_ok(mu_san_parse(text, &names, &err));
    return names;
}

/* issuer NULL: self-signed with key. san NULL: none. Valid from an hour before TEST_NOW_S for `days`. */
static inline X509 *test_cert(mu_profile profile, const char *subject, const char *san, EVP_PKEY *key, const X509 *issuer,
                              EVP_PKEY *issuer_key, int days)
{
    X509_NAME *name = test_name(subject);
    GENERAL_NAMES *names = san ? test_san(san) : NULL;
    X509 *cert = NULL;
    mu_cert_spec spec = {.profile = profile, .subject = name, .public_key = key, .names = names, .issuer = issuer,
                         .issuer_key = issuer ? issuer_key : key, .not_before_s = TEST_NOW_S - 3600,
                         .not_after_s = TEST_NOW_S + days * TEST_DAY_S, .pathlen = -1};
    assert_ok(mu_cert_prepare(NULL, &spec, &cert, &err));
    assert_ok(mu_cert_sign(NULL, cert, spec.issuer_key, &err));
    X509_NAME_free(name);
    GENERAL_NAMES_free(names);
    return cert;
}

#endif
