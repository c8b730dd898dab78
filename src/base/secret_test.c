#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/secret.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void none_is_not_empty(void **state)
{
    (void)state;
    mu_secret secret = {0};
    mu_err *err = NULL;
    assert_int_equal(mu_secret_set(&secret, "", 0, &err), 0);
    assert_string_equal(secret.value, "");
    assert_int_equal(mu_secret_set(&secret, "geheim!", 6, &err), 0);
    assert_string_equal(secret.value, "geheim");
    assert_int_equal(mu_secret_set(&secret, secret.value + 2, 4, &err), 0); /* part of itself */
    assert_string_equal(secret.value, "heim");
    assert_int_equal(mu_secret_set(&secret, NULL, 0, &err), 0);
    assert_null(secret.value);
    mu_secret_clear(&secret);
}

static void cleared_memory_is_gone(void **state)
{
    (void)state;
    mu_secret secret = {0};
    long page = sysconf(_SC_PAGESIZE);
    unsigned char resident;
    assert_int_equal(mu_secret_set(&secret, "geheim", 6, NULL), 0);
    void *start = (void *)((uintptr_t)secret.value & ~(uintptr_t)(page - 1));
    assert_int_equal(mincore(start, 1, &resident), 0);
    mu_secret_clear(&secret);
    assert_int_equal(mincore(start, 1, &resident), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_is_not_empty),
        cmocka_unit_test(cleared_memory_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
