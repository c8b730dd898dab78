#include "server/server_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static mu_address address(int host, int port)
{
    char text[32];
    mu_address made;
    snprintf(text, sizeof text, "10.0.%d.%d:%d", host / 256, host % 256, port);
    assert_int_equal(mu_address_parse(text, &made, NULL), 0);
    return made;
}

static void test_counts(void **state)
{
    address_counts counts = {0};

    (void)state;
    for (int port = 1; port <= 3; port++)
        for (int host = 0; host < 1000; host++) {
            mu_address a = address(host, port);
            assert_true(address_count_add(&counts, &a, 3));
        }
    mu_address full = address(7, 9);
    assert_false(address_count_add(&counts, &full, 3));
    address_count_remove(&counts, &full);
    assert_true(address_count_add(&counts, &full, 3));
    assert_false(address_count_add(&counts, &full, 3));
    for (int i = 0; i < 3; i++)
        for (int host = 999; host >= 0; host--) {
            mu_address a = address(host, 5);
            address_count_remove(&counts, &a);
        }
    for (int i = 0; i < 256; i++)
        assert_null(counts.buckets[i]);
    address_count_remove(&counts, &full); /* nothing there: nothing happens */
}

static void test_unix_sockets_are_not_counted(void **state)
{
    address_counts counts = {0};
    mu_address peer = {.storage.ss_family = AF_UNIX, .len = sizeof(sa_family_t)};

    (void)state;
    assert_true(address_count_add(&counts, &peer, 1));
    assert_true(address_count_add(&counts, &peer, 1));
    address_count_remove(&counts, &peer);
    for (int i = 0; i < 256; i++)
        assert_null(counts.buckets[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_unix_sockets_are_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
