#include "net/listen.h"
#include "net/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- timers ---- */

static int fired[64], fired_count;

static void note(void *arg)
{
    fired[fired_count++] = *(int *)arg;
}

static void test_timers_fire_in_order(void **state)
{
    mu_timers timers = {0};
    mu_timer set[50] = {0};
    int names[50];

    (void)state;
    fired_count = 0;
    for (int i = 0; i < 50; i++) {
        names[i] = i * 37 % 50; /* a permutation */
        set[i] = (mu_timer){.fire = note, .arg = &names[i]};
        assert_int_equal(mu_timers_set(&timers, &set[i], 1000 + names[i]), 0);
    }
    assert_int_equal(mu_timers_next_ms(&timers), 1000);
    mu_timers_run(&timers, 999);
    assert_int_equal(fired_count, 0);
    mu_timers_run(&timers, 1009);
    assert_int_equal(fired_count, 10);
    for (int i = 0; i < 50; i++) /* every third of the rest goes, every fourth moves to the end */
        if (names[i] >= 10 && names[i] % 3 == 0)
            mu_timers_cancel(&timers, &set[i]);
        else if (names[i] >= 10 && names[i] % 4 == 0)
            assert_int_equal(mu_timers_set(&timers, &set[i], 2000 + names[i]), 0);
    mu_timers_run(&timers, 3000);
    assert_int_equal(mu_timers_next_ms(&timers), INT64_MAX);
    int64_t last = -1;
    for (int i = 0; i < fired_count; i++) {
        int64_t due = fired[i] >= 10 && fired[i] % 4 == 0 ? 2000 + fired[i] : 1000 + fired[i];
        assert_true(fired[i] < 10 || fired[i] % 3 != 0);
        assert_true(due > last);
        last = due;
    }
    assert_int_equal(fired_count, 50 - 13); /* 12, 15, ... 48 were cancelled */
    mu_timers_free(&timers);
}

static void test_timer_cancels_itself(void **state)
{
    mu_timers timers = {0};
    int name = 1;
    mu_timer timer = {.fire = note, .arg = &name};

    (void)state;
    mu_timers_cancel(&timers, &timer); /* not set: nothing happens */
    mu_timers_set(&timers, &timer, 5);
    mu_timers_run(&timers, 5);
    assert_int_equal(timer.slot, 0);
    mu_timers_set(&timers, &timer, 6);
    mu_timers_cancel(&timers, &timer);
    assert_int_equal(mu_timers_next_ms(&timers), INT64_MAX);
    mu_timers_free(&timers);
}

/* ---- loop ---- */

typedef struct pair {
    mu_loop *loop;
    mu_watch a, b;
    int turns;
} pair;

static void remove_other(void *arg)
{
    pair *p = arg;
    p->turns++;
    mu_loop_remove(p->loop, &p->a);
    mu_loop_remove(p->loop, &p->b);
    mu_loop_quit(p->loop);
}

/* Both are readable in the same round; whoever comes first removes both, so the other must not be called. */
static void test_removed_watch_is_not_called(void **state)
{
    pair p = {0};
    int fds[2];

    (void)state;
    assert_int_equal(mu_loop_new(&p.loop, NULL), 0);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    p.a = (mu_watch){.fd = fds[0], .ready = remove_other, .arg = &p};
    p.b = (mu_watch){.fd = fds[1], .ready = remove_other, .arg = &p};
    assert_int_equal(mu_loop_add(p.loop, &p.a, MU_WATCH_STREAM), 0);
    assert_int_equal(mu_loop_add(p.loop, &p.b, MU_WATCH_STREAM), 0);
    mu_loop_run(p.loop);
    assert_int_equal(p.turns, 1);
    mu_loop_free(p.loop);
    close(fds[0]);
    close(fds[1]);
}

static void defer_thrice(void *arg)
{
    pair *p = arg;
    if (++p->turns < 3)
        mu_loop_defer(p->loop, &p->a);
    else
        mu_loop_wake(p->loop);
}

static void woken(void *arg)
{
    mu_loop_quit(((pair *)arg)->loop);
}

static void test_defer_and_wake(void **state)
{
    pair p = {0};
    int fds[2];

    (void)state;
    assert_int_equal(mu_loop_new(&p.loop, NULL), 0);
    assert_int_equal(pipe(fds), 0);
    p.a = (mu_watch){.fd = fds[1], .ready = defer_thrice, .arg = &p};
    mu_loop_on_wake(p.loop, woken, &p);
    assert_int_equal(mu_loop_add(p.loop, &p.a, MU_WATCH_STREAM), 0);
    mu_loop_run(p.loop);
    assert_int_equal(p.turns, 3);
    mu_loop_free(p.loop);
    close(fds[0]);
    close(fds[1]);
}

static void test_loop_timer(void **state)
{
    pair p = {0};
    mu_timer timer = {.fire = woken, .arg = &p};

    (void)state;
    assert_int_equal(mu_loop_new(&p.loop, NULL), 0);
    assert_int_equal(mu_loop_set_timer(p.loop, &timer, 5), 0);
    mu_loop_run(p.loop);
    mu_loop_free(p.loop);
}

/* ---- addresses and listeners ---- */

static void test_addresses(void **state)
{
    static const char *good[] = {"127.0.0.1:8443", "0.0.0.0:0", "[::1]:8443", "[fe80::1]:65535", "unix:/tmp/x.sock"};
    static const char *wrong[] = {"", "8443", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80x",
                                  "::1:8443", "[127.0.0.1]:80", "[::1]", "localhost:8443", "unix:", ":8443", "[]:1", "1.2.3:1"};
    char text[MU_ADDRESS_TEXT_MAX];
    mu_address address;
    mu_err *err = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(mu_address_parse(good[i], &address, &err), 0);
        assert_null(err);
        assert_string_equal(mu_address_text(&address, text), good[i]);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(mu_address_parse(wrong[i], &address, &err), -1);
        assert_int_equal(err->code, MU_E_USAGE);
    }
    mu_err_free(err);
}

static void test_host_key(void **state)
{
    mu_address a, b, c;
    unsigned char x[16], y[16], z[16];

    (void)state;
    assert_int_equal(mu_address_parse("[2001:db8:1:2::1]:1", &a, NULL) | mu_address_parse("[2001:db8:1:2:ffff::9]:2", &b, NULL) |
                         mu_address_parse("[2001:db8:1:3::1]:1", &c, NULL), 0);
    mu_address_host_key(&a, x);
    mu_address_host_key(&b, y);
    mu_address_host_key(&c, z);
    assert_memory_equal(x, y, 16);
    assert_memory_not_equal(x, z, 16);
    assert_int_equal(mu_address_parse("10.0.0.1:1", &a, NULL) | mu_address_parse("10.0.0.1:2", &b, NULL) |
                         mu_address_parse("10.0.0.2:1", &c, NULL), 0);
    mu_address_host_key(&a, x);
    mu_address_host_key(&b, y);
    mu_address_host_key(&c, z);
    assert_memory_equal(x, y, 16);
    assert_memory_not_equal(x, z, 16);
}

static void test_port_in_use(void **state)
{
    mu_address any, taken;
    mu_listener *first, *second = NULL;
    mu_err *err = NULL;

    (void)state;
    assert_int_equal(mu_address_parse("127.0.0.1:0", &any, NULL), 0);
    assert_int_equal(mu_listener_open(&any, 3, &first, &err), 0);
    taken = *mu_listener_address(first);
    assert_int_not_equal(mu_address_port(&taken), 0);
    assert_int_equal(mu_listener_open(&taken, 1, &second, &err), -1);
    assert_int_equal(err->code, MU_E_PORT_IN_USE);
    assert_int_equal(err->by, MU_BY_OS);
    mu_listener_free(first);
    mu_err_free(err);
    err = NULL;
    assert_int_equal(mu_listener_open(&taken, 2, &second, &err), 0); /* free again */
    mu_listener_free(second);
}

static void test_unix_listener(void **state)
{
    char folder[] = "/tmp/mutual-net-XXXXXX", text[64];
    mu_address address;
    mu_listener *first = NULL, *second = NULL;
    mu_err *err = NULL;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(text, sizeof text, "unix:%s/s", folder);
    assert_int_equal(mu_address_parse(text, &address, NULL), 0);
    assert_int_equal(mu_listener_open(&address, 2, &first, &err), 0);
    assert_int_equal(mu_listener_open(&address, 1, &second, &err), -1);
    assert_int_equal(err->code, MU_E_PORT_IN_USE);
    mu_err_free(err);
    err = NULL;
    mu_listener_free(first);
    assert_int_equal(access(text + 5, F_OK), -1); /* it takes its file along */
    /* one that is left over is replaced, anything that is no socket is not */
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(dead, (struct sockaddr *)&address.storage, address.len), 0);
    close(dead);
    assert_int_equal(mu_listener_open(&address, 1, &first, &err), 0);
    mu_listener_free(first);
    close(open(text + 5, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(mu_listener_open(&address, 1, &first, &err), -1);
    assert_int_equal(err->code, MU_E_PORT_IN_USE);
    mu_err_free(err);
    assert_int_equal(unlink(text + 5), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_fire_in_order),
        cmocka_unit_test(test_timer_cancels_itself),
        cmocka_unit_test(test_removed_watch_is_not_called),
        cmocka_unit_test(test_defer_and_wake),
        cmocka_unit_test(test_loop_timer),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_host_key),
        cmocka_unit_test(test_port_in_use),
        cmocka_unit_test(test_unix_listener),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
