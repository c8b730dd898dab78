#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/json.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char *printed(json_t *value)
{
    char *text = NULL;
    size_t len;
    mu_err *err = NULL;
    FILE *stream = open_memstream(&text, &len);
    assert_int_equal(mu_json_print(stream, value, &err), 0);
    assert_null(err);
    fclose(stream);
    return text;
}

static void foreign_text_becomes_ascii(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"plain", "\"plain\"\n"},
        {"Zo\xc3\xab", "\"Zo\\u00EB\"\n"},
        {"\x9b" "31m\xff", "\"\\\\x9B31m\\\\xFF\"\n"},
        {"a\r\n\"\\\033\177", "\"a\\r\\n\\\"\\\\\\u001B\\u007f\"\n"},
        {"\xe2\x80\xae" "x", "\"\\u202Ex\"\n"},
        {"\xf0\x9f\x98\x80", "\"\\uD83D\\uDE00\"\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = printed(mu_json_text(cases[i].in));
        assert_string_equal(text, cases[i].out);
        free(text);
    }
    char *text = printed(mu_json_text(NULL));
    assert_string_equal(text, "null\n");
    free(text);
}

static void errors_keep_their_fields(void **state)
{
    (void)state;
    mu_err *err = NULL;
    mu_fail_errno(&err, MU_E_STORE_NOT_FOUND, ENOENT, "no file \"%s\"", "a");
    mu_wrap(&err, MU_E_CONFIG_INVALID, "listener");
    mu_err_hint(&err, "look");
    json_t *error = mu_json_error(err);
    assert_string_equal(json_string_value(json_object_get(error, "code")), "config-invalid");
    assert_string_equal(json_string_value(json_object_get(error, "message")), "listener");
    assert_string_equal(json_string_value(json_object_get(error, "fix")), "look");
    assert_true(json_is_null(json_object_get(error, "detail")));
    json_t *cause = json_array_get(json_object_get(error, "causes"), 0);
    assert_string_equal(json_string_value(json_object_get(cause, "code")), "store-not-found");
    assert_string_equal(json_string_value(json_object_get(cause, "detail")), "No such file or directory");
    assert_string_equal(json_string_value(json_object_get(cause, "by")), "os");
    assert_string_equal(json_string_value(json_object_get(cause, "fix")), mu_code_fix(MU_E_STORE_NOT_FOUND));
    json_decref(error);
    mu_err_free(err);
}

static void a_full_device_is_noticed(void **state)
{
    (void)state;
    mu_err *err = NULL;
    FILE *full = fopen("/dev/full", "w");
    if (!full)
        skip();
    assert_int_equal(mu_json_print(full, json_integer(1), &err), -1);
    assert_int_equal(err->code, MU_E_WRITE_FAILED);
    mu_err_free(err);
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_text_becomes_ascii),
        cmocka_unit_test(errors_keep_their_fields),
        cmocka_unit_test(a_full_device_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
