#include "client/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *mu_request_method(const mu_fetch_options *options)
{
    return options->method ? options->method : options->body ? "POST" : "GET";
}

/* RFC 9110 5.6.2. */
static bool is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && !(c && strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return len > 0;
}

/* No CR, LF or other control character gets into a head: it would be another field. */
static bool is_field(const char *field)
{
    const char *colon = strchr(field, ':');
    if (!colon || !is_token(field, (size_t)(colon - field)))
        return false;
    for (const char *p = colon + 1; *p; p++)
        if ((unsigned char)*p < 0x20 ? *p != '\t' : *p == 0x7f)
            return false;
    return true;
}

static bool is_named(const char *field, const char *name)
{
    size_t len = strlen(name);
    return strncasecmp(field, name, len) == 0 && field[len] == ':';
}

int mu_fetch_check(const mu_fetch_options *options, mu_err **err)
{
    const char *method = mu_request_method(options);
    const char *wrong = is_token(method, strlen(method)) ? NULL : method;
    for (size_t i = 0; !wrong && options->headers && i < options->headers->count; i++) {
        const char *field = options->headers->items[i];
        /* What frames the message is ours: anything else would let body and head disagree. */
        if (!is_field(field) || is_named(field, "Content-Length") || is_named(field, "Transfer-Encoding"))
            wrong = field;
    }
    if (!wrong)
        return 0;
    char shown[MU_SHOWN_SIZE];
    return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "\"%s\" %s", mu_escape_to(shown, wrong),
                      wrong == method ? "is not a method" : "cannot be sent as a header: write \"Name: value\"");
}

static bool is_given(const mu_strlist *headers, const char *name)
{
    for (size_t i = 0; headers && i < headers->count; i++)
        if (is_named(headers->items[i], name))
            return true;
    return false;
}

static void add_default(mu_buf *out, const mu_strlist *headers, const char *name, const char *value)
{
    if (!is_given(headers, name))
        mu_buf_addf(out, "%s: %s\r\n", name, value);
}

int mu_request_write(const mu_url *url, const mu_fetch_options *options, mu_buf *out, mu_err **err)
{
    const mu_strlist *headers = options->headers;
    mu_buf_addf(out, "%s %s HTTP/1.1\r\n", mu_request_method(options), url->target);
    add_default(out, headers, "Host", url->authority);
    add_default(out, headers, "User-Agent", "mutual/" MU_VERSION);
    add_default(out, headers, "Accept", "*/*");
    add_default(out, headers, "Connection", "close");
    if (options->body) {
        add_default(out, headers, "Content-Type", "application/x-www-form-urlencoded");
        mu_buf_addf(out, "Content-Length: %zu\r\n", options->body_len);
    }
    for (size_t i = 0; headers && i < headers->count; i++)
        mu_buf_addf(out, "%s\r\n", headers->items[i]);
    mu_buf_add_str(out, "\r\n");
    mu_buf_add(out, options->body, options->body_len);
    return out->failed ? mu_fail_nomem(err) : 0;
}
