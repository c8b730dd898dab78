#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include <stdlib.h>
#include <string.h>

static void grows_and_ends_with_nul(void **state)
{
    (void)state;
    mu_buf buf;
    mu_buf_init_secret(&buf, 10000);
    assert_string_equal(mu_buf_text(&buf), "");
    for (int i = 0; i < 1000; i++) {
        mu_buf_addf(&buf, "%d,", i % 10);
        assert_int_equal(buf.data[buf.len], 0);
    }
    assert_int_equal(buf.len, 2000);
    assert_false(buf.failed);
    mu_buf_consume(&buf, 1996);
    assert_string_equal(mu_buf_text(&buf), "8,9,");
    mu_buf_consume(&buf, 99);
    assert_int_equal(buf.len, 0);
    mu_buf_reset(&buf);
    mu_buf_add_str(&buf, "x");
    mu_buf_add_byte(&buf, 'y');
    assert_string_equal(mu_buf_text(&buf), "xy");
    mu_buf_free(&buf);
}

static void maximum_is_exact_and_failure_sticks(void **state)
{
    (void)state;
    mu_buf buf;
    mu_buf_init(&buf, 4);
    mu_buf_add_str(&buf, "1234");
    assert_false(buf.failed);
    mu_buf_add(&buf, NULL, 0);
    assert_false(buf.failed);
    mu_buf_add_byte(&buf, '5');
    assert_true(buf.failed);
    assert_string_equal(mu_buf_text(&buf), "");
    assert_null(mu_buf_steal(&buf));
    mu_buf_addf(&buf, "%s", "12345");
    assert_true(buf.failed);
    mu_buf_reset(&buf);
    mu_buf_add_str(&buf, "ok");
    assert_false(buf.failed);
    mu_buf_free(&buf);
}

static void steal_gives_the_memory(void **state)
{
    (void)state;
    mu_buf buf;
    mu_buf_init(&buf, 100);
    char *text = mu_buf_steal(&buf);
    assert_string_equal(text, "");
    free(text);
    mu_buf_add_str(&buf, "mine");
    text = mu_buf_steal(&buf);
    assert_string_equal(text, "mine");
    assert_int_equal(buf.len, 0);
    assert_int_equal(buf.max, 100);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_ends_with_nul),
        cmocka_unit_test(maximum_is_exact_and_failure_sticks),
        cmocka_unit_test(steal_gives_the_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
