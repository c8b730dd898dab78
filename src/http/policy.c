#include "http/http_internal.h"

#include "base/text.h"
#include <string.h>

static bool refuse(mu_http_refusal *refusal, int status, const char *text)
{
    *refusal = (mu_http_refusal){status, text};
    return false;
}

/* The only field of that name, or NULL; *ret_count how many there are. */
static const char *single(const mu_http_parser *parser, const char *name, size_t *ret_count)
{
    const char *value = NULL;

    *ret_count = 0;
    for (size_t i = 0; i < parser->field_count; i++)
        if (mu_str_eq_nocase(mu_http_field_name(parser, i), name) && (*ret_count)++ == 0)
            value = mu_http_field_value(parser, i);
    return value;
}

/* RFC 9112 6.1 to 6.3, without the tolerance they allow: a sender that is unsure about the length of its message is refused. */
static bool check_length(const mu_http_parser *parser, mu_http_refusal *refusal)
{
    size_t lengths, encodings;
    const char *length = single(parser, "Content-Length", &lengths);
    const char *encoding = single(parser, "Transfer-Encoding", &encodings);

    if (lengths > 1 || encodings > 1 || (length && encoding))
        return refuse(refusal, 400, "more than one length");
    if (length && (!*length || strlen(length) > 19 || strspn(length, "0123456789") != strlen(length)))
        return refuse(refusal, 400, "Content-Length is not a number");
    if (encoding && (!*encoding || mu_http_minor_version(parser) == 0))
        return refuse(refusal, 400, "Transfer-Encoding out of place");
    if (encoding && !mu_str_eq_nocase(encoding, "chunked"))
        return refuse(refusal, 501, "a transfer coding other than chunked");
    if (length && parser->llhttp.content_length > parser->limits.max_body_bytes)
        return refuse(refusal, 413, "the body is too large");
    return true;
}

/* RFC 3986 3.2.2 and 3.2.3, loosely: nothing that could be taken for a path, a user or a second host. */
static bool is_host(const char *value)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!$&'()*+;=:[]";
    return *value && strspn(value, allowed) == strlen(value);
}

static bool check_host(const mu_http_parser *parser, mu_http_refusal *refusal)
{
    size_t count;
    const char *host = single(parser, "Host", &count);

    /* RFC 9112 3.2: a server MUST respond with 400 to an HTTP/1.1 request that lacks Host, and to one with more than one or an
     * invalid Host. */
    if (count > 1 || (count == 0 && mu_http_minor_version(parser) == 1))
        return refuse(refusal, 400, "not exactly one Host");
    return !host || is_host(host) || refuse(refusal, 400, "Host is not a host");
}

static bool check_target(const mu_http_parser *parser, mu_http_refusal *refusal)
{
    const char *target = mu_http_target(parser);

    if (parser->llhttp.method == HTTP_CONNECT)
        return refuse(refusal, 501, "CONNECT is not served here");
    if (strcmp(target, "*") == 0 && parser->llhttp.method == HTTP_OPTIONS)
        return true;
    if (*target != '/')
        return refuse(refusal, 400, "the request target is not a path");
    for (; *target; target++)
        if (*target <= ' ' || *target >= 0x7f || *target == '#')
            return refuse(refusal, 400, "a character that has no place in a request target");
    return true;
}

static bool check_expect(const mu_http_parser *parser, mu_http_refusal *refusal)
{
    const char *expect = mu_http_field(parser, "Expect");
    return !expect || mu_http_minor_version(parser) == 0 || mu_str_eq_nocase(expect, "100-continue") ||
           refuse(refusal, 417, "an expectation other than 100-continue");
}

bool mu_http_policy(const mu_http_parser *parser, mu_http_refusal *refusal)
{
    if (parser->llhttp.http_major != 1 || parser->llhttp.http_minor > 1)
        return refuse(refusal, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    if (parser->kind == MU_HTTP_RESPONSE)
        return parser->llhttp.status_code == 101 ? refuse(refusal, 400, "an upgrade nobody asked for")
                                                 : check_length(parser, refusal);
    return check_target(parser, refusal) && check_host(parser, refusal) && check_length(parser, refusal) &&
           check_expect(parser, refusal);
}
