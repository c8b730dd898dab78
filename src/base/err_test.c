#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <mutual/err.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

/* DESIGN: the exit status follows from what kind of thing is wrong. */
static int status_of_class(mu_code code)
{
    static const int statuses[] = {
        [MU_CLASS_OTHER] = 1,    [MU_CLASS_USAGE] = 2, [MU_CLASS_STORE] = 3,   [MU_CLASS_TRUST] = 4,
        [MU_CLASS_PROTOCOL] = 4, [MU_CLASS_PEER] = 5,  [MU_CLASS_NETWORK] = 6,
    };
    return statuses[mu_code_class(code)];
}

static void assert_sentence(const char *text)
{
    assert_true(strlen(text) > 10);
    assert_in_range(text[0], 'A', 'Z');
    assert_int_equal(text[strlen(text) - 1], '.');
}

static void every_cause_is_complete(void **state)
{
    (void)state;
    for (int i = 1; i < MU_CODE_COUNT; i++) {
        mu_code code = (mu_code)i;
        assert_int_equal(mu_code_from_name(mu_code_name(code)), code);
        assert_int_equal(mu_code_exit_status(code), status_of_class(code));
        assert_sentence(mu_code_meaning(code));
        assert_true(strlen(mu_code_fix(code)) > 10);
    }
    assert_int_equal(mu_code_from_name("no-such-cause"), MU_OK);
}

static void wrapping_keeps_the_root(void **state)
{
    (void)state;
    mu_err *err = NULL;
    assert_int_equal(mu_fail_errno(&err, MU_E_STORE_NOT_FOUND, ENOENT, "cannot open \"%s\"", "a.p12"), -1);
    assert_int_equal(mu_wrap(&err, MU_E_CONFIG_INVALID, "listener %d", 1), -1);
    mu_err_detail(&err, "line %d", 7);
    mu_err_detail(&err, "column %d", 2);
    assert_string_equal(err->msg, "listener 1");
    assert_string_equal(err->detail, "line 7, column 2");
    assert_int_equal(mu_err_root(err)->code, MU_E_STORE_NOT_FOUND);
    assert_string_equal(mu_err_root(err)->detail, "No such file or directory");
    assert_int_equal(mu_err_root(err)->by, MU_BY_OS);
    assert_true(mu_err_has(err, MU_E_CONFIG_INVALID));
    assert_false(mu_err_has(err, MU_E_CERT_EXPIRED));
    mu_err_free(err);
}

static void raising_again_may_quote_the_old_error(void **state)
{
    (void)state;
    mu_err *err = NULL;
    mu_fail(&err, MU_E_USAGE, "first");
    mu_fail(&err, MU_E_USAGE, "second after %s", err->msg);
    assert_string_equal(err->msg, "second after first");
    mu_err_free(err);
}

static void openssl_queue_is_moved(void **state)
{
    (void)state;
    mu_err *err = NULL;
    const unsigned char junk[] = {0x30, 0x03, 0x02, 0x01, 0x05}, *p = junk;
    ERR_clear_error();
    assert_null(d2i_X509(NULL, &p, sizeof junk));
    mu_fail_ossl(&err, MU_E_STORE_DAMAGED, "not a certificate");
    assert_int_equal(strncmp(err->detail, "OpenSSL: ", 9), 0);
    assert_int_equal(ERR_peek_error(), 0);
    mu_fail_ossl(&err, MU_E_STORE_DAMAGED, "again");
    assert_string_equal(err->detail, "OpenSSL gave no reason");
    mu_err_free(err);
}

static void null_err_is_allowed(void **state)
{
    (void)state;
    assert_int_equal(mu_fail(NULL, MU_E_USAGE, "dropped"), -1);
    assert_int_equal(mu_wrap(NULL, MU_E_USAGE, "dropped"), -1);
    assert_int_equal(mu_err_detail(NULL, "dropped"), -1);
    assert_int_equal(mu_fail_nomem(NULL), -1);
}

static void an_error_is_passed_on(void **state)
{
    (void)state;
    mu_err *err = NULL, *reason = NULL;
    mu_fail(&err, MU_E_INTERNAL, "before");
    mu_fail(&reason, MU_E_USAGE, "kept aside");
    assert_int_equal(mu_err_pass(&err, reason), -1);
    assert_ptr_equal(err, reason);
    assert_int_equal(mu_err_pass(NULL, err), -1); /* frees it */
}

static void out_of_memory_is_static(void **state)
{
    (void)state;
    mu_err *err = NULL;
    mu_fail_nomem(&err);
    mu_err_detail(&err, "ignored");
    assert_int_equal(err->code, MU_E_OUT_OF_MEMORY);
    assert_null(err->detail);
    mu_err_free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cause_is_complete),       cmocka_unit_test(wrapping_keeps_the_root),
        cmocka_unit_test(raising_again_may_quote_the_old_error), cmocka_unit_test(openssl_queue_is_moved),
        cmocka_unit_test(null_err_is_allowed),           cmocka_unit_test(an_error_is_passed_on),
        cmocka_unit_test(out_of_memory_is_static),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
