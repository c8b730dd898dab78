#include "base/buf.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64

void mu_buf_init(mu_buf *buf, size_t max)
{
    *buf = (mu_buf){.max = max};
}

void mu_buf_init_secret(mu_buf *buf, size_t max)
{
    *buf = (mu_buf){.max = max, .secret = true};
}

void mu_buf_free(mu_buf *buf)
{
    if (buf->secret && buf->data)
        OPENSSL_cleanse(buf->data, buf->cap);
    free(buf->data);
    *buf = (mu_buf){.max = buf->max, .secret = buf->secret};
}

void mu_buf_reset(mu_buf *buf)
{
    if (buf->secret && buf->data)
        OPENSSL_cleanse(buf->data, buf->cap);
    if (buf->data)
        buf->data[0] = 0;
    buf->len = 0;
    buf->failed = false;
}

/* realloc may leave a copy of a secret behind, so secrets move by hand. */
static uint8_t *move(mu_buf *buf, size_t cap)
{
    uint8_t *data;
    if (!buf->secret)
        return realloc(buf->data, cap);
    data = malloc(cap);
    if (data && buf->data) {
        memcpy(data, buf->data, buf->len + 1);
        OPENSSL_cleanse(buf->data, buf->cap);
        free(buf->data);
    }
    return data;
}

/* Room for len more bytes and the NUL. */
static bool reserve(mu_buf *buf, size_t len)
{
    size_t cap = buf->cap ? buf->cap : FIRST_CAPACITY;
    uint8_t *data;

    if (buf->failed || len > buf->max - buf->len) {
        buf->failed = true;
        return false;
    }
    if (buf->data && len < buf->cap - buf->len)
        return true;
    while (cap <= buf->len + len)
        cap = cap > SIZE_MAX / 2 ? buf->len + len + 1 : cap * 2;
    if (!(data = move(buf, cap))) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->cap = cap;
    return true;
}

void mu_buf_add(mu_buf *buf, const void *data, size_t len)
{
    if (!reserve(buf, len))
        return;
    if (len)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = 0;
}

void mu_buf_add_str(mu_buf *buf, const char *text)
{
    mu_buf_add(buf, text, strlen(text));
}

void mu_buf_add_byte(mu_buf *buf, uint8_t byte)
{
    mu_buf_add(buf, &byte, 1);
}

void mu_buf_addf(mu_buf *buf, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0 || !reserve(buf, (size_t)len)) {
        buf->failed = true;
        return;
    }
    va_start(args, fmt);
    vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, fmt, args);
    va_end(args);
    buf->len += (size_t)len;
}

void mu_buf_consume(mu_buf *buf, size_t len)
{
    size_t rest;
    if (!len || !buf->data)
        return;
    rest = len < buf->len ? buf->len - len : 0;
    memmove(buf->data, buf->data + buf->len - rest, rest + 1);
    if (buf->secret)
        OPENSSL_cleanse(buf->data + rest, buf->cap - rest);
    buf->len = rest;
}

const char *mu_buf_text(const mu_buf *buf)
{
    return buf->data && !buf->failed ? (const char *)buf->data : "";
}

char *mu_buf_steal(mu_buf *buf)
{
    char *text = NULL;
    mu_buf_add(buf, "", 0);
    if (!buf->failed) {
        text = (char *)buf->data;
        buf->data = NULL;
    }
    mu_buf_free(buf);
    return text;
}
