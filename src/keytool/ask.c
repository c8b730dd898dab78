#include "keytool/kt.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define MAX_LINE 65536

void mu_kt_wipe(char *secret)
{
    if (secret)
        OPENSSL_cleanse(secret, strlen(secret));
    free(secret);
}

/* Byte by byte, so that what follows the line stays for the next question, whoever asks it. */
char *mu_kt_read_line(void)
{
    mu_buf line;
    char c = 0;
    ssize_t n;

    mu_buf_init_secret(&line, MAX_LINE);
    while (((n = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n') || (n < 0 && errno == EINTR))
        if (n == 1 && c != '\r')
            mu_buf_add_byte(&line, (uint8_t)c);
    bool ended = n != 1 && line.len == 0;
    char *text = ended ? NULL : mu_buf_steal(&line);
    mu_buf_free(&line);
    return text;
}

/* A program that writes into our stdin may have written already; then nobody watches, and no warning is due. */
static bool input_is_waiting(void)
{
    int waiting = 0;
    return ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 && waiting > 0;
}

int mu_kt_ask_password(mu_kt *kt, const char *prompt, char **ret_password)
{
    struct termios before, silent;
    bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    char *line = NULL;

    fflush(stdout);
    mu_kt_show(stderr, prompt);
    if (terminal) {
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) != 0)
            return mu_fail_errno(&kt->err, MU_E_INTERNAL, errno, "cannot switch the terminal's echo off");
    } else if (!input_is_waiting()) {
        fputs("[WARNING: Input may be visible on screen] ", stderr);
    }
    line = mu_kt_read_line();
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    if (line && !*line) {
        free(line);
        line = NULL;
    }
    *ret_password = line;
    return 0;
}

int mu_kt_ask_yes(mu_kt *kt, const char *question, bool *ret_yes)
{
    for (int tries = 0; tries < 20; tries++) {
        fflush(stdout);
        mu_kt_show(stderr, question);
        char *line = mu_kt_read_line();
        bool yes = line && (strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0);
        bool no = !line || !*line || strcasecmp(line, "n") == 0 || strcasecmp(line, "no") == 0;
        mu_kt_wipe(line);
        if (yes || no) {
            *ret_yes = yes;
            return 0;
        }
        fputs("Wrong answer, try again\n", stderr);
    }
    return mu_kt_throw(kt, MU_E_USAGE, MU_KT_RUNTIME, "Too many retries, program terminated");
}
