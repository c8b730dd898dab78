#include "keystore_internal.h"

#include <locale.h>
#include <wctype.h>

/* The code point at *p, which is moved on; U+FFFD for what is not UTF-8. */
static uint32_t utf8_next(const char **p)
{
    const unsigned char *s = (const unsigned char *)*p;
    int extra = *s >= 0xf0 ? 3 : *s >= 0xe0 ? 2 : *s >= 0xc0 ? 1 : 0;
    uint32_t code = *s < 0x80 ? *s : extra ? *s & (0x3fu >> extra) : 0xfffd;
    (*p)++;
    for (int i = 1; i <= extra; i++, (*p)++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0xfffd;
        code = code << 6 | (s[i] & 0x3f);
    }
    return code;
}

static void add_utf8(mu_buf *out, uint32_t code)
{
    if (code < 0x80) {
        mu_buf_add_byte(out, (uint8_t)code);
        return;
    }
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    int extra = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    mu_buf_add_byte(out, (uint8_t)(lead[extra] | code >> (6 * extra)));
    while (extra-- > 0)
        mu_buf_add_byte(out, 0x80 | ((code >> (6 * extra)) & 0x3f));
}

static uint32_t lower(uint32_t code, locale_t locale)
{
    if (code < 0x80)
        return code >= 'A' && code <= 'Z' ? code + 32 : code;
    return locale ? (uint32_t)towlower_l((wint_t)code, locale) : code;
}

char *mu_alias_fold(const char *alias)
{
    bool ascii = true;
    for (const char *p = alias; *p && ascii; p++)
        ascii = !(*p & 0x80);
    /* The process's own locale must not decide which entries a store has. */
    locale_t locale = ascii ? (locale_t)0 : newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    mu_buf out;
    mu_buf_init(&out, MU_BUF_TEXT_MAX);
    for (const char *p = alias; *p;) {
        uint32_t code = utf8_next(&p);
        add_utf8(&out, code == 0x130 ? 'i' : lower(code, locale));
        if (code == 0x130) /* Java: dotted capital I keeps its dot */
            add_utf8(&out, 0x307);
    }
    if (locale)
        freelocale(locale);
    char *folded = mu_buf_steal(&out);
    mu_buf_free(&out);
    return folded;
}

unsigned long mu_alias_hash(const char *folded)
{
    unsigned long hash = 5381;
    for (; *folded; folded++)
        hash = hash * 33 ^ (unsigned char)*folded;
    return hash;
}

static uint32_t unit(const uint8_t *data)
{
    return (uint32_t)data[0] << 8 | data[1];
}

char *mu_bmp_text(const uint8_t *data, size_t len)
{
    mu_buf out;
    mu_buf_init(&out, MU_BUF_TEXT_MAX);
    for (size_t i = 0; i + 1 < len; i += 2) {
        uint32_t code = unit(data + i);
        if (code >= 0xd800 && code < 0xe000) {
            uint32_t next = i + 3 < len ? unit(data + i + 2) : 0;
            bool pair = code < 0xdc00 && next >= 0xdc00 && next < 0xe000;
            code = pair ? 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00) : 0xfffd;
            i += pair ? 2 : 0;
        }
        add_utf8(&out, code == 0 ? 0xfffd : code); /* a NUL would cut the alias short and make two names one */
    }
    char *text = mu_buf_steal(&out);
    mu_buf_free(&out);
    return text;
}
