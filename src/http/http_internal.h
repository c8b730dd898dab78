#ifndef MU_HTTP_HTTP_INTERNAL_H
#define MU_HTTP_HTTP_INTERNAL_H

#include "http/http.h"
#include <llhttp.h>

/** Why a message is refused. A NULL text means it is fine. */
typedef struct mu_http_refusal {
    int status;
    const char *text;
} mu_http_refusal;

/** Looks at every byte that is not body, one after the other. */
typedef struct mu_http_guard {
    mu_http_kind kind;
    size_t max_target_bytes, max_fields;
    size_t column;       /* bytes of the present line */
    size_t lines;        /* complete lines that were not empty */
    size_t target_bytes;
    unsigned blanks;     /* in the request line */
    char version[9];     /* last word of the request line */
    size_t version_len;
    bool cr;             /* the last byte was CR */
    bool in_body;        /* chunk framing: an empty line ends nothing */
    bool ended;          /* the empty line after the head was seen */
    uint8_t last;
} mu_http_guard;

void mu_http_guard_init(mu_http_guard *guard, mu_http_kind kind, const mu_http_limits *limits);
/** One byte; *ret_refusal is written when false is returned. */
bool mu_http_guard_byte(mu_http_guard *guard, uint8_t byte, mu_http_refusal *ret_refusal);

typedef struct mu_http_field_at {
    uint32_t name, value; /* offsets into text */
} mu_http_field_at;

struct mu_http_parser {
    mu_http_kind kind;
    mu_http_limits limits;
    mu_http_body_fn on_body;
    void *arg;
    llhttp_t llhttp;
    llhttp_settings_t settings;
    mu_http_guard guard;
    mu_http_refusal refusal;
    enum { STATE_IDLE, STATE_HEAD, STATE_BODY, STATE_DONE, STATE_BAD } state;
    bool head_complete, message_complete, no_body, in_name, keep_alive;
    int interims;
    uint64_t head_bytes, body_bytes, framing_bytes;
    const uint8_t *framing_from; /* within a parse call: framing not yet shown to the guard */
    mu_buf text;                 /* target or reason, then names and values, each NUL-terminated */
    mu_http_field_at fields[MU_HTTP_MAX_FIELDS];
    size_t field_count;
};

/** What the head says as a whole. @return false with the refusal written */
bool mu_http_policy(const mu_http_parser *parser, mu_http_refusal *ret_refusal);

#endif
