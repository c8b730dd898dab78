#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/term.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static char *printed(const mu_err *err)
{
    FILE *stream = tmpfile();
    static char text[2048];
    mu_err_print(stream, err);
    rewind(stream);
    text[fread(text, 1, sizeof text - 1, stream)] = 0;
    fclose(stream);
    return text;
}

static void an_error_reads_well(void **state)
{
    (void)state;
    mu_err *err = NULL;
    mu_fail(&err, MU_E_EKU_MISSING_CLIENTAUTH, "client certificate refused: not valid for client authentication");
    mu_err_detail(&err, "depth 0, subject \"CN=build-7\"");
    mu_err_hint(&err, "reissue it with extendedKeyUsage clientAuth");
    assert_string_equal(printed(err), "client certificate refused: not valid for client authentication [eku-missing-clientauth]\n"
                                      "  detail: depth 0, subject \"CN=build-7\"\n"
                                      "  hint:   reissue it with extendedKeyUsage clientAuth\n");
    mu_err_free(err);
    err = NULL;
    mu_fail_errno(&err, MU_E_STORE_NOT_FOUND, ENOENT, "there is no file \"a\"");
    mu_wrap(&err, MU_E_CONFIG_INVALID, "listener 1");
    char expected[1024];
    snprintf(expected, sizeof expected,
             "listener 1 [config-invalid]\n  because: there is no file \"a\" [store-not-found]: %s\n  hint:   %s\n",
             strerror(ENOENT), mu_code_fix(MU_E_STORE_NOT_FOUND));
    assert_string_equal(printed(err), expected);
    mu_err_free(err);
}

static int open_terminal(char name[64])
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY);
    struct winsize size = {.ws_row = 24, .ws_col = 132};
    if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0 || ptsname_r(fd, name, 64) != 0)
        return -1;
    ioctl(fd, TIOCSWINSZ, &size);
    return fd;
}

static void colour_only_on_a_terminal(void **state)
{
    (void)state;
    char name[64];
    int pty = open_terminal(name);
    FILE *terminal = pty >= 0 ? fdopen(open(name, O_RDWR | O_NOCTTY), "r+") : NULL, *file = tmpfile();

    unsetenv("NO_COLOR");
    setenv("TERM", "xterm", 1);
    assert_false(mu_term_has_colour(file));
    assert_string_equal(mu_style_on(file, MU_STYLE_BAD), "");
    assert_int_equal(mu_term_columns(file), 100);
    fclose(file);
    if (!terminal)
        skip();
    assert_true(mu_term_has_colour(terminal));
    assert_string_equal(mu_style_on(terminal, MU_STYLE_BAD), "\033[31m");
    assert_string_equal(mu_style_off(terminal), "\033[0m");
    assert_int_equal(mu_term_columns(terminal), 132);
    setenv("NO_COLOR", "", 1);
    assert_true(mu_term_has_colour(terminal));
    setenv("NO_COLOR", "1", 1);
    assert_false(mu_term_has_colour(terminal));
    assert_string_equal(mu_style_on(terminal, MU_STYLE_BAD), "");
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    assert_false(mu_term_has_colour(terminal));
    fclose(terminal);
    close(pty);
}

/* What the terminal shows until text appears in it, or until it is closed. */
static void read_until(int pty, char *shown, size_t size, const char *text)
{
    size_t len = strlen(shown);
    while (!text || !strstr(shown, text)) {
        struct pollfd ready = {.fd = pty, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, 10000), 1);
        ssize_t count = read(pty, shown + len, size - 1 - len);
        if (count <= 0)
            return;
        len += (size_t)count;
        shown[len] = 0;
    }
}

/* A child with that terminal as its own. @return its wait status */
static int ask_on_terminal(const char *typed, char *shown, size_t size)
{
    char name[64];
    int status, pty = open_terminal(name);
    pid_t child;

    assert_true(pty >= 0);
    fcntl(pty, F_SETFD, FD_CLOEXEC);
    if ((child = fork()) == 0) {
        mu_secret secret = {0};
        setsid();
        signal(SIGINT, SIG_DFL); /* a shell's background job inherits it ignored */
        int tty = open(name, O_RDWR);
        ioctl(tty, TIOCSCTTY, 0);
        close(pty);
        if (mu_term_ask_secret("Password: ", &secret, NULL) < 0)
            _exit(3);
        struct termios after;
        tcgetattr(tty, &after);
        dprintf(tty, "[%s]%s", secret.value, after.c_lflag & ECHO ? "echo" : "");
        mu_secret_clear(&secret);
        _exit(0);
    }
    shown[0] = 0;
    read_until(pty, shown, size, "Password: ");
    assert_int_equal(write(pty, typed, strlen(typed)), (ssize_t)strlen(typed));
    assert_int_equal(waitpid(child, &status, 0), child);
    read_until(pty, shown, size, NULL);
    close(pty);
    return status;
}

static void a_password_is_asked_without_echo(void **state)
{
    (void)state;
    char shown[1024], name[64];
    int status, fd = open_terminal(name);
    if (fd < 0)
        skip();
    close(fd);
    status = ask_on_terminal("geheim\n", shown, sizeof shown);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_string_equal(shown, "Password: \r\n[geheim]echo");

    status = ask_on_terminal("\004", shown, sizeof shown); /* end of input */
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 3);

    status = ask_on_terminal("half\003", shown, sizeof shown); /* control C: restored first, then ended */
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
    assert_string_equal(shown, "Password: \r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_reads_well),
        cmocka_unit_test(colour_only_on_a_terminal),
        cmocka_unit_test(a_password_is_asked_without_echo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
