/* .properties as java.util.Properties and Spring Boot's OriginTrackedPropertiesLoader read it: ISO-8859-1, documents split by
 * "#---". */
#include "config/spring.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

struct cursor {
    const uint8_t *at, *end;
    size_t line;
};

static bool is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\f';
}

static int peek(const struct cursor *c)
{
    return c->at < c->end ? *c->at : -1;
}

/* "\r\n", "\n" or "\r". */
static bool skip_newline(struct cursor *c)
{
    int first = peek(c);
    if (first != '\n' && first != '\r')
        return false;
    c->at++;
    if (first == '\r' && peek(c) == '\n')
        c->at++;
    c->line++;
    return true;
}

static void skip_blanks(struct cursor *c)
{
    while (is_blank(peek(c)))
        c->at++;
}

/* A NUL, which no value that we look at can have, is left out. */
static void add_point(mu_buf *out, uint32_t point)
{
    if (point == 0)
        return;
    if (point >= 0x800) {
        mu_buf_add_byte(out, (uint8_t)(0xe0 | point >> 12));
        mu_buf_add_byte(out, (uint8_t)(0x80 | (point >> 6 & 0x3f)));
    } else if (point >= 0x80) {
        mu_buf_add_byte(out, (uint8_t)(0xc0 | point >> 6));
    }
    mu_buf_add_byte(out, (uint8_t)(point >= 0x80 ? 0x80 | (point & 0x3f) : point));
}

/* \uXXXX; what is beyond the basic plane stays two halves, as nothing here needs it. */
static bool read_hex(struct cursor *c, uint32_t *ret)
{
    uint32_t value = 0;
    if (c->end - c->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = OPENSSL_hexchar2int(c->at[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    c->at += 4;
    *ret = value;
    return true;
}

/* After a backslash. @return false: \u without four digits, with which Spring Boot does not start */
static bool read_escape(struct cursor *c, mu_buf *out)
{
    static const char letters[] = "tnrf", meant[] = "\t\n\r\f";
    uint32_t point;
    if (skip_newline(c)) {
        skip_blanks(c);
        return true;
    }
    int letter = peek(c);
    if (letter < 0)
        return true;
    c->at++;
    const char *known = strchr(letters, letter);
    if (letter == 'u' && !read_hex(c, &point))
        return false;
    add_point(out, letter == 'u' ? point : letter && known ? (uint32_t)meant[known - letters] : (uint32_t)letter);
    return true;
}

/* Up to the end of the logical line; of a key also to "=", ":" or a blank. */
static bool read_text(struct cursor *c, bool key, mu_buf *out)
{
    int next;
    while ((next = peek(c)) >= 0 && next != '\n' && next != '\r' && !(key && (is_blank(next) || next == '=' || next == ':'))) {
        c->at++;
        if (next != '\\')
            add_point(out, (uint32_t)next);
        else if (!read_escape(c, out))
            return false;
    }
    return true;
}

/* Blanks, also those of a line that goes on in the next. */
static void skip_gap(struct cursor *c)
{
    skip_blanks(c);
    while (peek(c) == '\\' && c->at + 1 < c->end && (c->at[1] == '\n' || c->at[1] == '\r')) {
        c->at++;
        skip_newline(c);
        skip_blanks(c);
    }
}

static void skip_separator(struct cursor *c)
{
    skip_gap(c);
    if (peek(c) == '=' || peek(c) == ':')
        c->at++;
    skip_gap(c);
}

/* A comment; "#---" and "!---" alone on a line begin the next document. */
static void skip_comment(struct cursor *c, mu_spring_target *target)
{
    bool split = c->end - c->at >= 4 && memcmp(c->at + 1, "---", 3) == 0;
    const uint8_t *start = c->at;
    while (peek(c) >= 0 && peek(c) != '\n' && peek(c) != '\r')
        c->at++;
    for (const uint8_t *p = start + 4; split && p < c->at; p++)
        split = is_blank(*p);
    target->document += split;
}

static int read_pair(struct cursor *c, mu_spring_target *target, mu_err **err)
{
    mu_buf key, value;
    size_t line = c->line;
    int rc;

    mu_buf_init(&key, MU_BUF_TEXT_MAX);
    mu_buf_init_secret(&value, MU_BUF_TEXT_MAX);
    bool good = read_text(c, true, &key);
    skip_separator(c);
    good = good && read_text(c, false, &value);
    if (!good)
        mu_mistakes_add(target->mistakes, line, 1, "\\u is not followed by four hexadecimal digits");
    if (key.failed || value.failed)
        rc = mu_fail_nomem(err);
    else /* an escaped end of line with nothing on either side says nothing */
        rc = key.len || value.len ? mu_spring_add(target, mu_buf_text(&key), mu_buf_text(&value), NULL, line, err) : 0;
    mu_buf_free(&key);
    mu_buf_free(&value);
    return rc;
}

int mu_spring_properties_parse(mu_spring_target *target, const uint8_t *data, size_t len, mu_err **err)
{
    struct cursor c = {data, data + len, 1};
    int rc = 0;
    while (rc == 0 && c.at < c.end) {
        skip_gap(&c);
        if (skip_newline(&c))
            continue;
        if (peek(&c) == '#' || peek(&c) == '!')
            skip_comment(&c, target);
        else if (peek(&c) >= 0)
            rc = read_pair(&c, target, err);
    }
    return rc;
}
