#include "base/term.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define COLUMNS_WITHOUT_TERMINAL 100
#define SECRET_MAX 1024

bool mu_term_has_colour(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fileno(stream)) && !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
}

const char *mu_style_on(FILE *stream, mu_style style)
{
    static const char *const sequences[] = {
        [MU_STYLE_NONE] = "",         [MU_STYLE_BOLD] = "\033[1m", [MU_STYLE_DIM] = "\033[2m",
        [MU_STYLE_GOOD] = "\033[32m", [MU_STYLE_BAD] = "\033[31m", [MU_STYLE_WARN] = "\033[33m",
    };
    return mu_term_has_colour(stream) ? sequences[style] : "";
}

const char *mu_style_off(FILE *stream)
{
    return mu_term_has_colour(stream) ? "\033[0m" : "";
}

int mu_term_columns(FILE *stream)
{
    struct winsize size;
    if (isatty(fileno(stream)) && ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return COLUMNS_WITHOUT_TERMINAL;
}

static volatile sig_atomic_t caught_signal;

static void remember_signal(int number)
{
    caught_signal = number;
}

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define SIGNAL_COUNT (sizeof ending_signals / sizeof ending_signals[0])

/* One line without its end. @return its length, or -1 at the end of input or after a signal */
static ssize_t read_line(int tty, char *line, size_t size)
{
    size_t len = 0;
    char c;
    while (!caught_signal) {
        ssize_t count = read(tty, &c, 1);
        if (count == 1 && c == '\n')
            return (ssize_t)len;
        if (count == 1 && len < size)
            line[len++] = c;
        else if (count == 0 || (count < 0 && errno != EINTR))
            return -1;
    }
    return -1;
}

/* With echo off, and on again even if a signal ends us meanwhile: the signal is kept back until the terminal is restored. */
static ssize_t ask(int tty, const char *prompt, char *line, size_t size)
{
    struct sigaction old[SIGNAL_COUNT], action = {.sa_handler = remember_signal};
    struct termios before, silent;
    ssize_t len = -1;

    if (tcgetattr(tty, &before) < 0)
        return -1;
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    silent.c_lflag |= ICANON;
    caught_signal = 0;
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        sigaction(ending_signals[i], &action, &old[i]);
    if (tcsetattr(tty, TCSAFLUSH, &silent) == 0 && dprintf(tty, "%s", prompt) >= 0)
        len = read_line(tty, line, size);
    tcsetattr(tty, TCSAFLUSH, &before);
    (void)dprintf(tty, "\n");
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        sigaction(ending_signals[i], &old[i], NULL);
    if (caught_signal)
        raise(caught_signal);
    return len;
}

int mu_term_ask_secret_on(int tty, const char *prompt, mu_secret *ret_secret, mu_err **err)
{
    char line[SECRET_MAX];
    int rc;
    ssize_t len = ask(tty, prompt, line, sizeof line);

    if (len < 0)
        rc = mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "no password was given");
    else
        rc = mu_secret_set(ret_secret, line, (size_t)len, err);
    OPENSSL_cleanse(line, sizeof line);
    return rc;
}

int mu_term_ask_secret(const char *prompt, mu_secret *ret_secret, mu_err **err)
{
    int rc, tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty < 0)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "there is no terminal to ask for a password");
    rc = mu_term_ask_secret_on(tty, prompt, ret_secret, err);
    close(tty);
    return rc;
}

static const char *hint_of(const mu_err *err)
{
    for (const mu_err *e = err; e; e = e->cause)
        if (e->hint)
            return e->hint;
    return mu_code_fix(mu_err_root(err)->code);
}

void mu_err_print(FILE *stream, const mu_err *err)
{
    const char *hint = hint_of(err);
    fprintf(stream, "%s%s%s [%s]\n", mu_style_on(stream, MU_STYLE_BOLD), err->msg, mu_style_off(stream), mu_code_name(err->code));
    for (const mu_err *e = err->cause; e; e = e->cause)
        fprintf(stream, "  because: %s [%s]%s%s\n", e->msg, mu_code_name(e->code), e->detail ? ": " : "",
                e->detail ? e->detail : "");
    if (err->detail)
        fprintf(stream, "  detail: %s\n", err->detail);
    if (*hint)
        fprintf(stream, "  hint:   %s\n", hint);
    if (mu_err_root(err)->code == MU_E_INTERNAL)
        fprintf(stream, "  where:  %s:%d\n", mu_err_root(err)->file, mu_err_root(err)->line);
}
