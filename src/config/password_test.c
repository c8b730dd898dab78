#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config/password.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void assert_password(const char *spec, const char *expected)
{
    mu_secret secret = {0};
    mu_err *err = NULL;
    assert_int_equal(mu_password_resolve(spec, "a.p12", &secret, &err), 0);
    assert_null(err);
    assert_string_equal(secret.value, expected);
    mu_secret_clear(&secret);
}

static void assert_refused(const char *spec, mu_code code, const char *msg)
{
    mu_secret secret = {0};
    mu_err *err = NULL;
    assert_int_equal(mu_password_resolve(spec, "a.p12", &secret, &err), -1);
    assert_null(secret.value);
    assert_int_equal(err->code, code);
    assert_string_equal(err->msg, msg);
    mu_err_free(err);
}

static void values_are_taken_as_they_are(void **state)
{
    (void)state;
    assert_password("changeit", "changeit");
    assert_password("pass:changeit", "changeit");
    assert_password("pass:", "");
    assert_password("", "");
    assert_password("pass:pass:x", "pass:x");
    assert_password("p\xc3\xa4ss w\"ord", "p\xc3\xa4ss w\"ord");
    assert_password("passwort:x", "passwort:x");
}

static int pipe_with(const char *text, size_t len)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, len), (ssize_t)len);
    close(ends[1]);
    return ends[0];
}

static void descriptors_give_a_line_at_a_time(void **state)
{
    (void)state;
    char spec[32], msg[64], longest[5000];
    int fd = pipe_with("first\r\nsecond\n\nlast", 19);
    snprintf(spec, sizeof spec, "fd:%d", fd);
    assert_password(spec, "first");
    assert_password(spec, "second");
    assert_password(spec, "");
    assert_password(spec, "last");
    snprintf(msg, sizeof msg, "there is no password on descriptor %d", fd);
    assert_refused(spec, MU_E_USAGE, msg);
    close(fd);
    snprintf(msg, sizeof msg, "cannot read a password from descriptor %d", fd);
    assert_refused(spec, MU_E_USAGE, msg);

    memset(longest, 'x', sizeof longest);
    fd = pipe_with(longest, sizeof longest);
    snprintf(spec, sizeof spec, "fd:%d", fd);
    snprintf(msg, sizeof msg, "the password from descriptor %d is too long", fd);
    assert_refused(spec, MU_E_USAGE, msg);
    close(fd);
    fd = pipe_with("a\0b\n", 4);
    snprintf(spec, sizeof spec, "fd:%d", fd);
    snprintf(msg, sizeof msg, "the password from descriptor %d contains a NUL byte", fd);
    assert_refused(spec, MU_E_USAGE, msg);
    close(fd);
    assert_refused("fd:x\n", MU_E_USAGE, "\"fd:x\\x0A\" names no descriptor");
    assert_refused("fd:-1", MU_E_USAGE, "\"fd:-1\" names no descriptor");

    int before = dup(0);
    fd = pipe_with("key\ntrust\n", 10);
    dup2(fd, 0);
    close(fd);
    assert_password("stdin", "key");
    assert_password("stdin", "trust");
    assert_refused("stdin", MU_E_USAGE, "there is no password on standard input");
    dup2(before, 0);
    close(before);
}

static void a_file_gives_its_first_line(void **state)
{
    (void)state;
    char path[] = "/tmp/mu-password-XXXXXX", spec[64], msg[96];
    int fd = mkstemp(path);
    snprintf(spec, sizeof spec, "file:%s", path);
    snprintf(msg, sizeof msg, "the password file \"%s\" is empty", path);
    assert_refused(spec, MU_E_USAGE, msg);
    assert_int_equal(write(fd, "from file\r\nmore\n", 16), 16);
    assert_password(spec, "from file");
    close(fd);
    unlink(path);
    snprintf(msg, sizeof msg, "there is no file \"%s\"", path);
    assert_refused(spec, MU_E_STORE_NOT_FOUND, msg);
}

static void variables_are_overwritten_but_may_be_used_twice(void **state)
{
    (void)state;
    setenv("MU_TEST_PASSWORD", "from env", 1);
    char *place = getenv("MU_TEST_PASSWORD");
    assert_password("env:MU_TEST_PASSWORD", "from env");
    for (int i = 0; i < 8; i++)
        assert_int_equal(place[i], 0);
    assert_password("env:MU_TEST_PASSWORD", "from env");
    assert_refused("env:MU_NO\tSUCH", MU_E_USAGE, "the environment has no variable \"MU_NO\\x09SUCH\"");
}

/* Without a terminal: in a session of its own. @return 0 if all is as it should be */
static int try_without_terminal(void)
{
    mu_secret secret = {0};
    mu_err *err = NULL;
    setsid();
    unsetenv("MUTUAL_STORE_PASSWORD");
    if (mu_password_resolve(NULL, "a.p12", &secret, &err) == 0 || err->code != MU_E_USAGE ||
        strcmp(err->msg, "\"a.p12\" needs a password") != 0 || !strstr(err->hint, "MUTUAL_STORE_PASSWORD"))
        return 1;
    mu_err_free(err);
    err = NULL;
    if (mu_password_resolve("prompt", "a.p12", &secret, &err) == 0 || err->code != MU_E_USAGE)
        return 2;
    mu_err_free(err);
    err = NULL;
    setenv("MUTUAL_STORE_PASSWORD", "default", 1);
    for (int i = 0; i < 2; i++)
        if (mu_password_resolve(NULL, "a.p12", &secret, &err) < 0 || strcmp(secret.value, "default") != 0)
            return 3;
    return *getenv("MUTUAL_STORE_PASSWORD") == 0 ? 0 : 4;
}

static void without_anything_the_variable_counts(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(try_without_terminal());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_taken_as_they_are),
        cmocka_unit_test(descriptors_give_a_line_at_a_time),
        cmocka_unit_test(a_file_gives_its_first_line),
        cmocka_unit_test(variables_are_overwritten_but_may_be_used_twice),
        cmocka_unit_test(without_anything_the_variable_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
