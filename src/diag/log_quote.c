/* Evidence in the log's own words: what stands around a match, without secrets. */
#include "diag/log_internal.h"

#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define BEFORE 110 /* bytes that are shown, around the end of the match */
#define AFTER 90
#define LONG_RUN 40 /* so many characters of Base64 or hex in a row are taken for a key or a token */

static bool is_token(int c)
{
    return isalnum(c) || c == '+' || c == '/' || c == '=' || c == '_' || c == '-' || c == '.';
}

/* Keys, tickets and JSON Web Tokens have digits and both cases; class names, host names and paths do not look so. */
static bool looks_random(const uint8_t *text, size_t len)
{
    size_t digits = 0, upper = 0, lower = 0, changes = 0;
    for (size_t i = 0; i < len; i++) {
        digits += isdigit(text[i]) != 0;
        upper += isupper(text[i]) != 0;
        lower += islower(text[i]) != 0;
        changes += i > 0 && isalpha(text[i]) && isalpha(text[i - 1]) && !isupper(text[i]) != !isupper(text[i - 1]);
    }
    return digits > 0 && (upper + lower == 0 || changes * 6 > len || digits * 5 > len);
}

static size_t token_length(const uint8_t *text, size_t len)
{
    size_t i = 0;
    while (i < len && is_token(text[i]))
        i++;
    return i;
}

static bool has_word(const uint8_t *text, size_t len, const char *word, size_t *ret_len)
{
    size_t i = 0;
    for (; word[i]; i++)
        if (i >= len || tolower(text[i]) != word[i])
            return false;
    *ret_len = i;
    return true;
}

/* Is this inside of a word of a command line that begins with a dash, "-storepass", "--key-password"? */
static bool in_option(const uint8_t *line, size_t at)
{
    while (at > 0 && (isalnum(line[at - 1]) || line[at - 1] == '-' || line[at - 1] == '.'))
        at--;
    return line[at] == '-';
}

/* Where a value that begins at start ends: at its closing quote, or where a list or a sentence goes on. */
static size_t value_end(const uint8_t *line, size_t len, size_t start, bool to_end)
{
    uint8_t quote = start > 0 && (line[start - 1] == '"' || line[start - 1] == '\'') ? line[start - 1] : 0;
    size_t i = start;
    while (i < len && (quote ? line[i] != quote : to_end ? line[i] != '"' : !strchr(" ,;&)}]\"'", line[i])))
        i++;
    return quote && i > start && line[i - 1] == '\\' ? i - 1 : i;
}

/* Where the value after a word like "password" begins and ends; the length is 0 if none is given there. */
static size_t secret_after(const uint8_t *line, size_t len, size_t at, size_t *ret_start)
{
    static const char *const words[] = {"password", "passwd", "passphrase", "storepass", "keypass", "passin", "passout", "secret",
                                        "token", "api-key", "api_key", "apikey", "authorization", "bearer", "cookie", "pwd", "credentials"};
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
        size_t i;
        if (!has_word(line + at, len - at, words[w], &i))
            continue;
        bool bearer = words[w][0] == 'b', to_end = words[w][0] == 'c' || strcmp(words[w], "authorization") == 0;
        i += at;
        while (i < len && (line[i] == '"' || line[i] == '\'' || line[i] == '\\'))
            i++;
        size_t blanks = i;
        while (i < len && line[i] == ' ')
            i++;
        if (i < len && (line[i] == '=' || line[i] == ':'))
            i++;
        else if (i == blanks || !(bearer || in_option(line, at)))
            return 0;
        while (i < len && strchr(" \"'\\:", line[i]) && line[i])
            i++;
        *ret_start = i;
        return value_end(line, len, i, to_end) - i;
    }
    return 0;
}

/* The name and password of an address: "//name:password@host". */
static size_t userinfo(const uint8_t *text, size_t len)
{
    size_t i = 2;
    if (len < 4 || text[0] != '/' || text[1] != '/')
        return 0;
    while (i < len && text[i] != '@' && text[i] > ' ' && text[i] != '/' && text[i] != '"')
        i++;
    return i < len && text[i] == '@' && memchr(text + 2, ':', i - 2) ? i - 2 : 0;
}

/* Marks the bytes that are not to be shown. */
static void mask(const uint8_t *line, size_t len, bool *hidden)
{
    for (size_t i = 0; i < len; i++) {
        size_t start = i, run = secret_after(line, len, i, &start);
        if (run == 0 && (run = userinfo(line + i, len - i)) > 0)
            start = i + 2;
        if (run == 0 && (i == 0 || !is_token(line[i - 1])) && (run = token_length(line + i, len - i)) > 0) {
            start = i;
            run = run >= LONG_RUN && looks_random(line + i, run) ? run : 0;
        }
        for (size_t j = 0; j < run; j++)
            hidden[start + j] = true;
    }
}

/* Bytes after which a character begins. */
static bool is_inside(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

char *mu_log_quote(const uint8_t *text, size_t text_len, size_t end)
{
    enum { CONTEXT = 1024 }; /* a secret's name may stand well before what is shown */
    bool hidden[2 * CONTEXT] = {false};
    size_t line = end, stop = end;
    mu_buf shown;

    while (line > 0 && text[line - 1] != '\n' && end - line < CONTEXT)
        line--;
    while (stop < text_len && text[stop] != '\n' && text[stop] != '\r' && stop - end < CONTEXT - 1)
        stop++;
    mask(text + line, stop - line, hidden);
    size_t from = end - line > BEFORE ? end - BEFORE : line, to = stop - end > AFTER ? end + AFTER : stop;
    while (from < end && is_inside(text[from]))
        from++;
    while (to > end && to < stop && is_inside(text[to]))
        to--;
    while (from < to && (text[from] == ' ' || text[from] == '\t'))
        from++;

    mu_buf_init(&shown, 16 * (BEFORE + AFTER));
    mu_buf_add_str(&shown, from > line ? "..." : "");
    for (size_t i = from; i < to;) {
        size_t run = i;
        while (run < to && hidden[run - line] == hidden[i - line])
            run++;
        if (hidden[i - line])
            mu_buf_add_str(&shown, "***");
        else
            mu_escape(&shown, text + i, run - i);
        i = run;
    }
    mu_buf_add_str(&shown, to < stop ? "..." : "");
    return mu_buf_steal(&shown);
}
