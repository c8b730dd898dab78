#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t mu_utf8_decode(const uint8_t *p, size_t len, uint32_t *ret_point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t need = p[0] < 0x80 ? 1 : (p[0] & 0xe0) == 0xc0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : (p[0] & 0xf8) == 0xf0 ? 4 : 0;
    uint32_t point = need == 1 ? p[0] : p[0] & (0x7fu >> need);

    if (!need || need > len)
        return 0;
    for (size_t i = 1; i < need; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (p[i] & 0x3f);
    }
    if (point < least[need] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *ret_point = point;
    return need;
}

struct range {
    uint32_t first, last;
};

/* Characters that show nothing, reorder what is shown, or end a line: a reader would be told something else than the bytes say. */
static const struct range unsafe[] = {
    {0x80, 0x9f},       /* C1: on some terminals 0x9b starts a control sequence */
    {0xad, 0xad},       /* soft hyphen */
    {0x34f, 0x34f},     /* combining grapheme joiner */
    {0x61c, 0x61c},     /* Arabic letter mark */
    {0x115f, 0x1160},   /* Hangul fillers */
    {0x17b4, 0x17b5},   /* Khmer inherent vowels */
    {0x180b, 0x180f},   /* Mongolian variation selectors and vowel separator */
    {0x200b, 0x200f},   /* zero width, direction marks */
    {0x2028, 0x202e},   /* line and paragraph separator, embeddings and overrides */
    {0x2060, 0x206f},   /* word joiner, isolates, deprecated format characters */
    {0x3164, 0x3164},   /* Hangul filler */
    {0xe000, 0xf8ff},   /* private use */
    {0xfdd0, 0xfdef},   /* non-characters */
    {0xfe00, 0xfe0f},   /* variation selectors */
    {0xfeff, 0xfeff},   /* byte order mark */
    {0xffa0, 0xffa0},   /* halfwidth Hangul filler */
    {0xfff0, 0xffff},   /* specials */
    {0x1bca0, 0x1bca3}, /* shorthand format controls */
    {0x1d173, 0x1d17a}, /* musical format controls */
    {0xe0000, 0x10ffff} /* tags, variation selectors, private use */
};

static bool is_shown(uint32_t point)
{
    if (point < 0x20 || point == 0x7f)
        return false;
    for (size_t i = 0; i < sizeof unsafe / sizeof unsafe[0]; i++)
        if (point >= unsafe[i].first && point <= unsafe[i].last)
            return false;
    return (point & 0xfffe) != 0xfffe;
}

/* The first character, escaped into out (its length in *ret_len). @return how many bytes it was */
static size_t escape_one(const uint8_t *p, size_t len, char out[16], size_t *ret_len)
{
    uint32_t point = 0;
    size_t used = mu_utf8_decode(p, len, &point);

    if (used == 0)
        *ret_len = (size_t)snprintf(out, 16, "\\x%02X", p[0]);
    else if (point == '"' || point == '\'' || point == '`' || point == '\\')
        *ret_len = (size_t)snprintf(out, 16, "\\%c", (char)point);
    else if (is_shown(point))
        memcpy(out, p, *ret_len = used);
    else
        *ret_len = (size_t)snprintf(out, 16, point < 0x80 ? "\\x%02X" : "\\u{%X}", (unsigned)point);
    return used ? used : 1;
}

/* How much at the start is ASCII that stays as it is: ten thousand names in a certificate are taken in pieces, not in bytes. */
static size_t plain_len(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *start = p;
    while (p < end && *p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\'' && *p != '`' && *p != '\\')
        p++;
    return (size_t)(p - start);
}

void mu_escape(mu_buf *out, const void *text, size_t len)
{
    const uint8_t *p = text, *end = p + len;
    char one[16];
    size_t one_len;
    while (p < end) {
        size_t plain = plain_len(p, end);
        mu_buf_add(out, p, plain);
        p += plain;
        if (p == end)
            break;
        p += escape_one(p, (size_t)(end - p), one, &one_len);
        mu_buf_add(out, one, one_len);
    }
}

const char *mu_escape_to(char out[MU_SHOWN_SIZE], const char *text)
{
    const uint8_t *p = (const uint8_t *)text, *end = p + strlen(text);
    size_t len = 0, one_len;
    char one[16];

    while (p < end) {
        p += escape_one(p, (size_t)(end - p), one, &one_len);
        if (len + one_len + sizeof "..." > MU_SHOWN_SIZE) {
            memcpy(out + len, "...", 3);
            len += 3;
            break;
        }
        memcpy(out + len, one, one_len);
        len += one_len;
    }
    out[len] = 0;
    return out;
}

char *mu_escape_dup(const void *text, size_t len)
{
    mu_buf out;
    mu_buf_init(&out, SIZE_MAX);
    mu_escape(&out, text, len);
    return mu_buf_steal(&out);
}

char *mu_strdup(const char *text)
{
    return strdup(text);
}

char *mu_strndup(const char *text, size_t len)
{
    return strndup(text, len);
}

char *mu_asprintf(const char *fmt, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0)
        text = NULL;
    va_end(args);
    return text;
}

/* strcasecmp follows the locale (dotless i); protocol words do not. */
static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

bool mu_str_eq_nocase(const char *a, const char *b)
{
    for (; *a && lower(*a) == lower(*b); a++)
        b++;
    return *a == *b;
}

bool mu_str_has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool mu_str_to_long(const char *text, long min, long max, long *ret)
{
    bool negative = *text == '-';
    long value = 0;

    if (negative)
        text++;
    if (!*text)
        return false;
    for (; *text; text++) {
        int digit = *text - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return false;
    }
    if (value < min || value > max)
        return false;
    *ret = value;
    return true;
}

#define DISTANCE_MAX 4
#define DISTANCE_TEXT_MAX 64

static int least_of(int a, int b, int c)
{
    int least = a < b ? a : b;
    return least < c ? least : c;
}

int mu_str_distance(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    int rows[3][DISTANCE_TEXT_MAX + 1]; /* of this character of a and of the two before it, in turn */

    if (a_len > DISTANCE_TEXT_MAX || b_len > DISTANCE_TEXT_MAX)
        return strcmp(a, b) == 0 ? 0 : DISTANCE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = (int)j;
    for (size_t i = 1; i <= a_len; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3];
        row[0] = (int)i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = least_of(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && rows[(i + 1) % 3][j - 2] + 1 < row[j])
                row[j] = rows[(i + 1) % 3][j - 2] + 1;
        }
    }
    return rows[a_len % 3][b_len] < DISTANCE_MAX ? rows[a_len % 3][b_len] : DISTANCE_MAX;
}

char *mu_bare_host(const char *host)
{
    size_t len = strlen(host);
    if (len > 2 && host[0] == '[' && host[len - 1] == ']')
        host++, len -= 2;
    if (memchr(host, ':', len) && memchr(host, '%', len))
        len = (size_t)((const char *)memchr(host, '%', len) - host);
    /* RFC 6066 3: without the trailing dot. */
    else if (len > 1 && host[len - 1] == '.')
        len--;
    return mu_strndup(host, len);
}

int mu_strlist_add(mu_strlist *list, const char *text)
{
    char **items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (!items)
        return -1;
    list->items = items;
    if (!(items[list->count] = strdup(text)))
        return -1;
    list->count++;
    return 0;
}

void mu_strlist_free(mu_strlist *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (mu_strlist){0};
}
