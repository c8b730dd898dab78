#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/ossl.h"
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_cipher(OSSL_LIB_CTX *libctx, const char *name)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, name, NULL);
    EVP_CIPHER_free(cipher);
    mu_ossl_clear();
    return cipher != NULL;
}

static void write_config(char path[64], const char *text)
{
    strcpy(path, "/tmp/mu-ossl-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    setenv("OPENSSL_CONF", path, 1);
}

static void old_algorithms_stay_in_their_context(void **state)
{
    (void)state;
    OSSL_LIB_CTX *modern = NULL, *legacy = NULL;
    mu_err *err = NULL;
    assert_int_equal(mu_ossl_ctx_new(&modern, &err), 0);
    assert_true(has_cipher(modern, "AES-256-GCM"));
    assert_false(has_cipher(modern, "RC2-40-CBC"));
    OSSL_LIB_CTX_free(modern);
    if (mu_ossl_legacy_ctx_new(&legacy, &err) < 0) { /* a package of its own on Debian 13 */
        assert_int_equal(err->code, MU_E_ALGORITHM_UNAVAILABLE);
        mu_err_free(err);
        skip();
    }
    assert_true(has_cipher(legacy, "RC2-40-CBC"));
    assert_true(has_cipher(legacy, "AES-256-CBC"));
    OSSL_LIB_CTX_free(legacy);
}

static void the_configuration_file_is_obeyed(void **state)
{
    (void)state;
    char path[64];
    OSSL_LIB_CTX *libctx = NULL;
    mu_err *err = NULL;

    write_config(path, "openssl_conf = a\n[a]\nproviders = p\n[p]\nbase = b\n[b]\nactivate = 1\n");
    assert_int_equal(mu_ossl_ctx_new(&libctx, &err), 0);
    assert_false(has_cipher(libctx, "AES-256-GCM"));
    OSSL_LIB_CTX_free(libctx);
    unlink(path);

    write_config(path, "openssl_conf = a\n[a\nproviders = p\n");
    libctx = NULL;
    assert_int_equal(mu_ossl_ctx_new(&libctx, &err), -1);
    assert_int_equal(err->code, MU_E_CONFIG_INVALID);
    assert_null(libctx);
    assert_int_equal(ERR_peek_error(), 0);
    mu_err_free(err);
    err = NULL;
    unlink(path);

    assert_int_equal(mu_ossl_ctx_new(&libctx, &err), 0); /* no file is no failure */
    OSSL_LIB_CTX_free(libctx);
    unsetenv("OPENSSL_CONF");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_algorithms_stay_in_their_context),
        cmocka_unit_test(the_configuration_file_is_obeyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
