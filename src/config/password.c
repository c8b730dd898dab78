#include "config/password.h"

#include "base/file.h"
#include "base/term.h"
#include "base/text.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096
#define FILE_MAX_BYTES 65536
#define VARIABLES_MAX 16

/* Variables that were read and overwritten: both stores of a command may name the same one. */
static struct {
    char *name;
    mu_secret value;
} used[VARIABLES_MAX];

#define fail_usage(err, ...) mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, __VA_ARGS__)

/* Up to the end of the first line, without "\r\n" or "\n". */
static int set_line(mu_secret *ret_secret, const char *text, size_t len, const char *source, mu_err **err)
{
    const char *end = memchr(text, '\n', len);
    if (end)
        len = (size_t)(end - text);
    if (len > 0 && text[len - 1] == '\r')
        len--;
    if (memchr(text, 0, len))
        return fail_usage(err, "the password from %s contains a NUL byte", source);
    return mu_secret_set(ret_secret, text, len, err);
}

/* Byte by byte, because the next line belongs to somebody else. */
static int read_fd(int fd, const char *source, mu_secret *ret_secret, mu_err **err)
{
    char line[LINE_MAX_BYTES];
    size_t len = 0;
    ssize_t count = 1;
    int rc;

    while (len < sizeof line && (len == 0 || line[len - 1] != '\n')) {
        count = read(fd, line + len, 1);
        if (count == 0 || (count < 0 && errno != EINTR))
            break;
        len += count > 0;
    }
    if (count < 0)
        rc = mu_fail_errno(err, MU_E_USAGE, errno, "cannot read a password from %s", source);
    else if (len == 0)
        rc = fail_usage(err, "there is no password on %s", source);
    else if (len == sizeof line)
        rc = fail_usage(err, "the password from %s is too long", source);
    else
        rc = set_line(ret_secret, line, len, source, err);
    OPENSSL_cleanse(line, sizeof line);
    return rc;
}

static int from_fd(const char *number, mu_secret *ret_secret, mu_err **err)
{
    long fd;
    char source[32], shown[MU_SHOWN_SIZE];
    if (!mu_str_to_long(number, 0, 1 << 20, &fd))
        return fail_usage(err, "\"fd:%s\" names no descriptor", mu_escape_to(shown, number));
    snprintf(source, sizeof source, "descriptor %ld", fd);
    return read_fd((int)fd, source, ret_secret, err);
}

static int from_file(const char *path, mu_secret *ret_secret, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    mu_buf content;
    int rc;
    mu_escape_to(shown, path);
    mu_buf_init_secret(&content, FILE_MAX_BYTES);
    rc = mu_file_read(path, FILE_MAX_BYTES, &content, NULL, err);
    if (rc == 0 && content.len == 0)
        rc = fail_usage(err, "the password file \"%s\" is empty", shown);
    else if (rc == 0)
        rc = set_line(ret_secret, mu_buf_text(&content), content.len, shown, err);
    mu_buf_free(&content);
    return rc;
}

/* @return 0, 1 if there is no such variable, or -1 */
static int from_variable(const char *name, mu_secret *ret_secret, mu_err **err)
{
    char *value;
    size_t i = 0;

    while (i < VARIABLES_MAX && used[i].name && strcmp(used[i].name, name) != 0)
        i++;
    if (i < VARIABLES_MAX && used[i].name)
        return mu_secret_set(ret_secret, used[i].value.value, strlen(used[i].value.value), err);
    if (!(value = getenv(name)))
        return 1;
    if (mu_secret_set(ret_secret, value, strlen(value), err) < 0)
        return -1;
    /* Only what can be given again is taken away. */
    if (i < VARIABLES_MAX && mu_secret_set(&used[i].value, value, strlen(value), NULL) == 0 && (used[i].name = mu_strdup(name)))
        OPENSSL_cleanse(value, strlen(value));
    return 0;
}

bool mu_password_is_wanted(const mu_err *err)
{
    return mu_err_has(err, MU_E_STORE_WRONG_PASSWORD) || mu_err_has(err, MU_E_PEM_KEY_ENCRYPTED);
}

void mu_password_forget(void)
{
    for (size_t i = 0; i < VARIABLES_MAX && used[i].name; i++) {
        mu_secret_clear(&used[i].value);
        free(used[i].name);
        used[i].name = NULL;
    }
}

/* A new password twice, until both are the same: with a slip of the finger in it, nobody could ever open what it protects. */
static int from_prompt(const char *what, bool is_new, mu_secret *ret_secret, mu_err **err)
{
    char shown[MU_SHOWN_SIZE], prompt[MU_SHOWN_SIZE + 64];
    mu_secret again = {0};
    bool same = true;
    int rc;

    mu_escape_to(shown, what);
    do {
        snprintf(prompt, sizeof prompt, "%s%s of %s: ", same ? "" : "They differ. ", is_new ? "New password" : "Password", shown);
        rc = mu_term_ask_secret(prompt, ret_secret, err);
        if (rc == 0 && is_new && (rc = mu_term_ask_secret("The same again: ", &again, err)) == 0)
            same = strcmp(ret_secret->value, again.value) == 0;
    } while (rc == 0 && !same);
    mu_secret_clear(&again);
    if (rc < 0)
        mu_secret_clear(ret_secret);
    return rc;
}

static int without_spec(const char *what, bool is_new, mu_secret *ret_secret, mu_err **err)
{
    int rc = from_variable("MUTUAL_STORE_PASSWORD", ret_secret, err);
    mu_err *reason = NULL;
    char shown[MU_SHOWN_SIZE];
    if (rc <= 0)
        return rc;
    if (from_prompt(what, is_new, ret_secret, &reason) == 0)
        return 0;
    mu_err_free(reason);
    fail_usage(err, "\"%s\" needs a password", mu_escape_to(shown, what));
    return mu_err_hint(err, "give it as env:NAME, file:PATH, fd:N or stdin, or set MUTUAL_STORE_PASSWORD");
}

static int resolve(const char *spec, const char *what, bool is_new, mu_secret *ret_secret, mu_err **err)
{
    char shown[MU_SHOWN_SIZE];
    int rc;
    if (!spec)
        return without_spec(what, is_new, ret_secret, err);
    if (mu_str_has_prefix(spec, "pass:"))
        return mu_secret_set(ret_secret, spec + 5, strlen(spec + 5), err);
    if (mu_str_has_prefix(spec, "file:"))
        return from_file(spec + 5, ret_secret, err);
    if (mu_str_has_prefix(spec, "fd:"))
        return from_fd(spec + 3, ret_secret, err);
    if (strcmp(spec, "stdin") == 0)
        return read_fd(STDIN_FILENO, "standard input", ret_secret, err);
    if (strcmp(spec, "prompt") == 0)
        return from_prompt(what, is_new, ret_secret, err);
    if (mu_str_has_prefix(spec, "env:")) {
        rc = from_variable(spec + 4, ret_secret, err);
        return rc <= 0 ? rc : fail_usage(err, "the environment has no variable \"%s\"", mu_escape_to(shown, spec + 4));
    }
    return mu_secret_set(ret_secret, spec, strlen(spec), err);
}

int mu_password_resolve(const char *spec, const char *what, mu_secret *ret_secret, mu_err **err)
{
    return resolve(spec, what, false, ret_secret, err);
}

int mu_password_resolve_new(const char *spec, const char *what, mu_secret *ret_secret, mu_err **err)
{
    return resolve(spec, what, true, ret_secret, err);
}
