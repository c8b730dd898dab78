/**
 * HTTP/1.0 and 1.1 messages: bytes in, bytes out. Knows no sockets and no TLS.
 *
 * Tokenising is llhttp's in strict mode. Beside it stands a guard of ours that looks at every byte which is not body, because a
 * request that two parsers understand differently is a way to smuggle a second one: lines end in CR LF and nothing else, no line is
 * folded, the request line has exactly two blanks, and guard and llhttp must agree on where the head ends. What the fields may say
 * (one Host, Content-Length or Transfer-Encoding but not both, ...) is policy.c.
 *
 * Source: RFC 9110, RFC 9112.
 */
#ifndef MU_HTTP_HTTP_H
#define MU_HTTP_HTTP_H

#include "base/buf.h"

typedef enum mu_http_kind { MU_HTTP_REQUEST, MU_HTTP_RESPONSE } mu_http_kind;

/** Zero in a field means its default. */
typedef struct mu_http_limits {
    size_t max_head_bytes;   /* start line and fields: 16 KiB */
    size_t max_target_bytes; /* requests: 8 KiB */
    size_t max_fields;       /* at most and by default MU_HTTP_MAX_FIELDS */
    uint64_t max_body_bytes; /* requests: 1 MiB; responses: no limit */
} mu_http_limits;

#define MU_HTTP_MAX_FIELDS 100

typedef enum mu_http_event {
    MU_HTTP_MORE, /* all bytes were taken, more are needed */
    MU_HTTP_HEAD, /* the head is complete: look at it, then parse on (also when no bytes are left) */
    MU_HTTP_DONE, /* the message is complete; the next call starts the next message */
    MU_HTTP_BAD   /* refused: see mu_http_problem; the parser takes nothing more */
} mu_http_event;

typedef struct mu_http_parser mu_http_parser;

/** Body bytes, in order. Called from within mu_http_parse. */
typedef void (*mu_http_body_fn)(void *arg, const void *data, size_t len);

/**
 * @param limits  NULL: the defaults; copied
 * @param on_body NULL: the body is counted and dropped
 * @return NULL when out of memory
 */
mu_http_parser *mu_http_parser_new(mu_http_kind kind, const mu_http_limits *limits, mu_http_body_fn on_body, void *arg);
void mu_http_parser_free(mu_http_parser *parser);

/** Responses: the next one answers a HEAD request, so it has no body whatever its fields say. */
void mu_http_expect_no_body(mu_http_parser *parser);

/**
 * Take some bytes. Stops at events, so *ret_used may be less than len: call again with the rest. Interim responses (1xx) are
 * skipped.
 */
mu_http_event mu_http_parse(mu_http_parser *parser, const void *data, size_t len, size_t *ret_used);
/** The transport has ended. MU_HTTP_DONE if that ends the message (a response without a length), else MU_HTTP_BAD. */
mu_http_event mu_http_parse_end(mu_http_parser *parser);
/** True before the first byte of a message. */
bool mu_http_is_idle(const mu_http_parser *parser);

/** After MU_HTTP_BAD: what is wrong (static text). *ret_status (may be NULL): the answer: 400, 413, 414, 417, 431, 501 or 505. */
const char *mu_http_problem(const mu_http_parser *parser, int *ret_status);

/* ---- the head, valid from MU_HTTP_HEAD until the parse call that follows MU_HTTP_DONE ---- */

/** "GET"; static. */
const char *mu_http_method(const mu_http_parser *parser);
/** As it came, in origin-form ("/a?b") or "*": printable ASCII. */
const char *mu_http_target(const mu_http_parser *parser);
int mu_http_status(const mu_http_parser *parser);
/** Of a response: foreign text. */
const char *mu_http_reason(const mu_http_parser *parser);
/** 0 or 1: HTTP/1.x. */
int mu_http_minor_version(const mu_http_parser *parser);
/** The connection may serve another message after this one. */
bool mu_http_keep_alive(const mu_http_parser *parser);
/** The client waits for "100 Continue" before it sends the body. */
bool mu_http_expects_continue(const mu_http_parser *parser);

size_t mu_http_field_count(const mu_http_parser *parser);
const char *mu_http_field_name(const mu_http_parser *parser, size_t index);
/** Foreign text, without control characters. */
const char *mu_http_field_value(const mu_http_parser *parser, size_t index);
/** The value of the first field of that name (any case), or NULL. */
const char *mu_http_field(const mu_http_parser *parser, const char *name);

/* ---- writing ---- */

typedef struct mu_http_answer {
    int status;
    const char *content_type; /* NULL: none */
    const char *allow;        /* for 405; NULL: none */
    uint64_t content_length;
    int minor_version;        /* of the request: HTTP/1.0 clients are told when the connection stays open */
    bool keep_alive;
    int64_t now_s;            /* for Date */
} mu_http_answer;

/** Append the head of a response, up to and with the empty line. */
void mu_http_write_head(mu_buf *out, const mu_http_answer *answer);
/** "Not Found"; "Unknown" for what has no name here. */
const char *mu_http_reason_phrase(int status);

#endif
