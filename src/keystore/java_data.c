#include "java_data.h"

int mu_java_damaged(const mu_java_in *in, mu_err **err, const char *text)
{
    mu_fail(err, MU_E_STORE_DAMAGED, "%s", text);
    return mu_err_detail(err, "offset %zu", in->pos);
}

int mu_java_bytes(mu_java_in *in, size_t len, mu_bytes *ret, mu_err **err)
{
    if (len > in->len - in->pos)
        return mu_java_damaged(in, err, "the store is cut off, or a length in it is wrong");
    *ret = (mu_bytes){(uint8_t *)(uintptr_t)in->data + in->pos, len};
    in->pos += len;
    return 0;
}

int mu_java_number(mu_java_in *in, int bytes, uint64_t *ret, mu_err **err)
{
    mu_bytes octets = {NULL, 0};
    if (mu_java_bytes(in, (size_t)bytes, &octets, err) != 0)
        return -1;
    *ret = 0;
    for (int i = 0; i < bytes; i++)
        *ret = *ret << 8 | octets.data[i];
    return 0;
}

static int counted(mu_java_in *in, int bytes, mu_bytes *ret, mu_err **err)
{
    uint64_t len;
    return mu_java_number(in, bytes, &len, err) == 0 ? mu_java_bytes(in, len, ret, err) : -1;
}

int mu_java_block(mu_java_in *in, mu_bytes *ret, mu_err **err)
{
    return counted(in, 4, ret, err);
}

int mu_java_utf(mu_java_in *in, mu_bytes *ret, mu_err **err)
{
    return counted(in, 2, ret, err);
}

/* One UTF-16 unit of modified UTF-8: one to three bytes, NUL as C0 80, surrogates each for itself. */
static uint32_t next_unit(const uint8_t **p, const uint8_t *end)
{
    uint32_t first = *(*p)++;
    int extra = first < 0x80 ? 0 : first >> 5 == 6 ? 1 : first >> 4 == 14 ? 2 : -1;
    uint32_t unit = extra == 0 ? first : first & (extra == 1 ? 0x1f : 0x0f);
    for (int i = 0; i < extra; i++) {
        if (*p == end || (**p & 0xc0) != 0x80)
            return 0xfffd;
        unit = unit << 6 | (*(*p)++ & 0x3f);
    }
    return extra < 0 ? 0xfffd : unit;
}

char *mu_java_utf_text(mu_bytes utf)
{
    mu_buf units;
    mu_buf_init(&units, MU_BUF_TEXT_MAX);
    for (const uint8_t *p = utf.data, *end = utf.data + utf.len; p < end;)
        mu_java_add_number(&units, 2, next_unit(&p, end));
    char *text = units.failed ? NULL : mu_bmp_text(units.data, units.len);
    mu_buf_free(&units);
    return text;
}

void mu_java_add_number(mu_buf *out, int bytes, uint64_t value)
{
    while (bytes-- > 0)
        mu_buf_add_byte(out, (uint8_t)(value >> (8 * bytes)));
}

void mu_java_add_block(mu_buf *out, const void *data, size_t len)
{
    mu_java_add_number(out, 4, len);
    mu_buf_add(out, data, len);
}

static void add_unit(mu_buf *out, uint32_t unit)
{
    if (unit > 0 && unit < 0x80) {
        mu_buf_add_byte(out, (uint8_t)unit);
        return;
    }
    if (unit >= 0x800)
        mu_buf_add_byte(out, (uint8_t)(0xe0 | unit >> 12));
    mu_buf_add_byte(out, (uint8_t)(unit >= 0x800 ? 0x80 | ((unit >> 6) & 0x3f) : 0xc0 | unit >> 6));
    mu_buf_add_byte(out, (uint8_t)(0x80 | (unit & 0x3f)));
}

int mu_java_add_utf(mu_buf *out, const char *text, mu_err **err)
{
    unsigned char *units = NULL;
    int len = 0;
    mu_buf utf;
    mu_buf_init(&utf, UINT16_MAX);
    if (!OPENSSL_utf82uni(text, (int)strlen(text), &units, &len))
        return mu_fail_nomem(err);
    for (int i = 0; i + 2 < len; i += 2) /* OpenSSL adds a terminator */
        add_unit(&utf, (uint32_t)units[i] << 8 | units[i + 1]);
    OPENSSL_free(units);
    bool failed = utf.failed;
    mu_java_add_number(out, 2, utf.len);
    mu_buf_add(out, utf.data, utf.len);
    mu_buf_free(&utf);
    return failed ? mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "an alias is too long for this type of store") : 0;
}
