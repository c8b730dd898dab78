#include "keytool/kt.h"

#include "base/term.h"
#include "base/text.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
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

/* The terminal gets its echo back also when control C ends us. NULL at the end of input. */
static char *ask_terminal(const char *prompt)
{
    mu_secret typed = {0};
    char *shown = NULL, *line = NULL;
    size_t len;
    FILE *text = open_memstream(&shown, &len);

    if (!text)
        return NULL;
    mu_kt_show(text, prompt);
    if (fclose(text) == 0 && mu_term_ask_secret_on(STDIN_FILENO, shown, &typed, NULL) == 0)
        line = mu_strdup(typed.value);
    mu_secret_clear(&typed);
    free(shown);
    return line;
}

static char *ask_stream(const char *prompt)
{
    mu_kt_show(stderr, prompt);
    if (!input_is_waiting())
        fputs("[WARNING: Input may be visible on screen] ", stderr);
    return mu_kt_read_line();
}

char *mu_kt_ask_password(const char *prompt)
{
    fflush(stdout);
    char *line = isatty(STDIN_FILENO) ? ask_terminal(prompt) : ask_stream(prompt);
    if (line && !*line) {
        free(line);
        line = NULL;
    }
    return line;
}

int mu_kt_ask_new_password(mu_kt *kt, const char *what, const char *old, char **ret)
{
    char *first = mu_asprintf("New %s: ", what), *second = mu_asprintf("Re-enter new %s: ", what);
    bool good = false;

    for (int i = 0; first && second && i < MU_KT_TRIES && !good; i++) {
        char *entered = mu_kt_ask_password(first), *again = NULL;
        if (!entered || strlen(entered) < MU_KT_MIN_PASSWORD)
            fprintf(stderr, "Password is too short - must be at least %d characters\n", MU_KT_MIN_PASSWORD);
        else if (old && strcmp(entered, old) == 0)
            fputs("Passwords must differ\n", stderr);
        else if (!(again = mu_kt_ask_password(second)) || strcmp(entered, again) != 0)
            fputs("They don't match. Try again\n", stderr);
        else
            good = true;
        mu_kt_wipe(again);
        if (good)
            *ret = entered;
        else
            mu_kt_wipe(entered);
    }
    free(first);
    free(second);
    return good ? 0 : mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Too many failures - try later");
}

int mu_kt_ask_alias(mu_kt *kt, mu_kt_slot slot, const char *which)
{
    if (mu_kt_is_set(kt, slot))
        return 0;
    fprintf(stderr, "Enter %s name:  ", which);
    kt->value[slot] = mu_kt_read_line();
    return kt->value[slot] && !*kt->value[slot] ? mu_kt_need_alias(kt, NULL, which) : 0;
}

int mu_kt_need_alias(mu_kt *kt, const char *alias, const char *which)
{
    return alias ? 0 : mu_kt_throw(kt, MU_E_USAGE, MU_KT_EXCEPTION, "Must specify %s", which);
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
