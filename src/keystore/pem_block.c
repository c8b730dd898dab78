#include "keystore_internal.h"

#include <ctype.h>

#define BEGIN "-----BEGIN "
#define END "-----END "
#define MAX_HEADERS 4096

void mu_pem_block_done(mu_pem_block *block)
{
    free(block->headers);
    mu_bytes_clear(&block->der);
}

bool mu_pem_has_block(const uint8_t *data, size_t len)
{
    return len && memmem(data, len, BEGIN, strlen(BEGIN)) != NULL;
}

int mu_pem_check_text(const uint8_t *data, size_t len, mu_err **err)
{
    if (len == 0)
        return mu_fail(err, MU_E_PEM_GARBAGE, "the file is empty");
    bool le = len > 1 && ((data[0] == 0xff && data[1] == 0xfe) || (data[0] == '-' && data[1] == 0));
    bool be = len > 1 && ((data[0] == 0xfe && data[1] == 0xff) || (data[0] == 0 && data[1] == '-'));
    if (!le && !be)
        return 0;
    mu_fail(err, MU_E_PEM_GARBAGE, "the text is UTF-16, and PEM is ASCII");
    return mu_err_hint(err, "iconv -f UTF-16%s -t UTF-8 FILE > NEW (Windows PowerShell: Out-File -Encoding ascii)",
                       le ? "LE" : "BE");
}

static int garbage(const uint8_t *data, size_t pos, const char *why, mu_err **err)
{
    int line = 1;
    for (size_t i = 0; i < pos; i++)
        line += data[i] == '\n';
    mu_fail(err, MU_E_PEM_GARBAGE, "damaged PEM: %s", why);
    return mu_err_detail(err, "line %d", line);
}

static size_t find(const uint8_t *data, size_t len, size_t from, const char *what)
{
    const uint8_t *hit = data && from < len ? memmem(data + from, len - from, what, strlen(what)) : NULL;
    return hit ? (size_t)(hit - data) : SIZE_MAX;
}

/* "CERTIFICATE-----": the label up to the dashes; 0 if there is none. */
static size_t read_label(const uint8_t *data, size_t len, char *out, size_t size)
{
    size_t n = 0;
    while (n < len && n + 1 < size && data[n] != '-' && data[n] >= 0x20 && data[n] < 0x7f) {
        out[n] = (char)data[n];
        n++;
    }
    out[n] = 0;
    return n > 0 && len - n >= 5 && memcmp(data + n, "-----", 5) == 0 ? n + 5 : 0;
}

/* RFC 1421 headers end with an empty line; without a colon in the first line there are none. */
static size_t header_len(const uint8_t *body, size_t len)
{
    size_t start = 0, end;
    while (start < len && isspace(body[start]))
        start++;
    for (end = start; end < len && body[end] != '\n' && body[end] != ':'; end++)
        ;
    if (end == len || body[end] != ':')
        return 0;
    for (; end + 1 < len; end++)
        if (body[end] == '\n' && (body[end + 1] == '\n' || (end + 2 < len && body[end + 1] == '\r' && body[end + 2] == '\n')))
            return end + 1;
    return 0;
}

/* OpenSSL wants lines that end in LF alone. */
static char *copy_headers(const uint8_t *body, size_t len)
{
    char *out = malloc(len + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < len; i++)
        if (body[i] != '\r' && !(n == 0 && isspace(body[i])))
            out[n++] = (char)body[i];
    if (out)
        out[n] = 0;
    return out;
}

static int decode(const uint8_t *data, size_t from, size_t to, mu_bytes *ret, mu_err **err)
{
    size_t n = 0, len = to - from, pad = 0;
    uint8_t *text = OPENSSL_malloc(len + 4), *der = OPENSSL_malloc(len + 4);
    int rc = text && der ? 0 : mu_fail_nomem(err);
    for (size_t i = from; rc == 0 && i < to; i++) {
        if (isspace(data[i]))
            continue;
        if (!(isalnum(data[i]) || data[i] == '+' || data[i] == '/' || data[i] == '=') || (pad && data[i] != '='))
            rc = garbage(data, i, "a character that is not base64", err);
        pad += data[i] == '=';
        text[n++] = data[i];
    }
    int out = rc == 0 && n > 0 && n % 4 == 0 && pad <= 2 ? EVP_DecodeBlock(der, text, (int)n) : -1;
    if (rc == 0 && (out < 0 || (size_t)out <= pad))
        rc = garbage(data, to, "base64 that is cut short", err);
    if (text)
        OPENSSL_cleanse(text, n);
    OPENSSL_free(text);
    if (rc != 0) {
        OPENSSL_clear_free(der, len + 4);
        return -1;
    }
    *ret = (mu_bytes){der, (size_t)out - pad};
    return 0;
}

int mu_pem_next(const uint8_t *data, size_t len, size_t *pos, mu_pem_block *ret, mu_err **err)
{
    char label[sizeof ret->label], closing[sizeof ret->label];
    size_t begin = find(data, len, *pos, BEGIN);
    if (begin == SIZE_MAX)
        return 0;
    size_t body = begin + strlen(BEGIN), n = read_label(data + body, len - body, label, sizeof label);
    if (n == 0)
        return garbage(data, begin, "a BEGIN line without an end", err);
    body += n;
    size_t end = find(data, len, body, END), next = find(data, len, body, BEGIN);
    if (end == SIZE_MAX || next < end)
        return garbage(data, begin, "a BEGIN line without its END line", err);
    n = read_label(data + end + strlen(END), len - end - strlen(END), closing, sizeof closing);
    if (n == 0 || strcmp(label, closing) != 0)
        return garbage(data, end, "the END line does not fit its BEGIN line", err);
    size_t headers = header_len(data + body, end - body);
    if (headers > MAX_HEADERS)
        return garbage(data, body, "its headers are too long", err);
    *ret = (mu_pem_block){
        .headers = copy_headers(data + body, headers), .raw = data + begin, .raw_len = end + strlen(END) + n - begin};
    if (!ret->headers)
        return mu_fail_nomem(err);
    memcpy(ret->label, label, sizeof label);
    if (decode(data, body + headers, end, &ret->der, err) != 0) {
        mu_pem_block_done(ret);
        return -1;
    }
    *pos = end + strlen(END) + n;
    return 1;
}

bool mu_pem_is_cert(const mu_pem_block *block)
{
    return strcmp(block->label, "CERTIFICATE") == 0 || strcmp(block->label, "X509 CERTIFICATE") == 0 ||
           strcmp(block->label, "TRUSTED CERTIFICATE") == 0;
}

bool mu_pem_is_key(const mu_pem_block *block)
{
    size_t len = strlen(block->label), suffix = strlen("PRIVATE KEY");
    return len >= suffix && strcmp(block->label + len - suffix, "PRIVATE KEY") == 0;
}
