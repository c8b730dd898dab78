#include "http/http_internal.h"

#include <string.h>

void mu_http_guard_init(mu_http_guard *guard, mu_http_kind kind, const mu_http_limits *limits)
{
    *guard = (mu_http_guard){.kind = kind, .max_target_bytes = limits->max_target_bytes, .max_fields = limits->max_fields};
}

static bool refuse(mu_http_refusal *refusal, int status, const char *text)
{
    *refusal = (mu_http_refusal){status, text};
    return false;
}

/* "GET /target HTTP/1.1": two blanks exactly, so HTTP/0.9 and targets with blanks do not pass (RFC 9112 3). */
static bool request_line_byte(mu_http_guard *guard, uint8_t byte, mu_http_refusal *refusal)
{
    if (byte == '\t' || (byte == ' ' && (guard->last == ' ' || guard->blanks == 2)))
        return refuse(refusal, 400, "blanks in the request line");
    if (byte == ' ')
        guard->blanks++;
    else if (guard->blanks == 1 && ++guard->target_bytes > guard->max_target_bytes)
        return refuse(refusal, 414, "the request target is too long");
    else if (guard->blanks == 2 && guard->version_len < sizeof guard->version)
        guard->version[guard->version_len++] = (char)byte;
    return true;
}

static bool request_line_end(const mu_http_guard *guard, mu_http_refusal *refusal)
{
    if (guard->blanks != 2)
        return refuse(refusal, 400, "not a request line of HTTP/1");
    if (guard->version_len == 8 && (memcmp(guard->version, "HTTP/1.1", 8) == 0 || memcmp(guard->version, "HTTP/1.0", 8) == 0))
        return true;
    if (guard->version_len >= 5 && memcmp(guard->version, "HTTP/", 5) == 0)
        return refuse(refusal, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    return refuse(refusal, 400, "not HTTP");
}

static bool line_end(mu_http_guard *guard, mu_http_refusal *refusal)
{
    bool empty = guard->column == 0, first = guard->lines == 0;

    guard->column = 0;
    if (guard->in_body)
        return true;
    if (empty) {
        guard->ended = !first; /* RFC 9112 2.2: an empty line before the request line is skipped */
        return true;
    }
    if (guard->lines++ > guard->max_fields)
        return refuse(refusal, 431, "too many header fields");
    return !first || guard->kind != MU_HTTP_REQUEST || request_line_end(guard, refusal);
}

bool mu_http_guard_byte(mu_http_guard *guard, uint8_t byte, mu_http_refusal *refusal)
{
    bool after_cr = guard->cr;

    guard->cr = byte == '\r';
    if (after_cr)
        return byte == '\n' ? line_end(guard, refusal) : refuse(refusal, 400, "CR without LF");
    if (byte == '\r')
        return true;
    if (byte == '\n')
        return refuse(refusal, 400, "LF without CR");
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
        return refuse(refusal, 400, "control character");
    if (guard->column++ == 0 && (byte == ' ' || byte == '\t' || byte == ':')) /* RFC 9112 5.2: obs-fold; a field without a name */
        return refuse(refusal, 400, "a line that starts with a blank or a colon");
    if (guard->lines == 0 && !guard->in_body && guard->kind == MU_HTTP_REQUEST && !request_line_byte(guard, byte, refusal))
        return false;
    guard->last = byte;
    return true;
}
