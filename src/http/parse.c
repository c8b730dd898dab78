#include "http/http_internal.h"

#include "base/text.h"
#include <stdlib.h>
#include <string.h>

#define MAX_INTERIM_RESPONSES 16

static bool refuse(mu_http_parser *parser, int status, const char *text)
{
    if (!parser->refusal.text)
        parser->refusal = (mu_http_refusal){status, text};
    return false;
}

/* Show the guard what is not body. Chunk sizes, their extensions and trailers may not outgrow the data they carry by much. */
static bool guard_bytes(mu_http_parser *parser, const uint8_t *from, const uint8_t *to)
{
    for (; from < to; from++)
        if (!mu_http_guard_byte(&parser->guard, *from, &parser->refusal))
            return false;
    return true;
}

static bool guard_framing(mu_http_parser *parser, const uint8_t *to)
{
    parser->framing_bytes += (uint64_t)(to - parser->framing_from);
    if (parser->framing_bytes > parser->limits.max_head_bytes + 8 * parser->body_bytes)
        return refuse(parser, 400, "too much between the chunks");
    bool ok = guard_bytes(parser, parser->framing_from, to);
    parser->framing_from = to;
    return ok;
}

/* ---- what llhttp calls ---- */

static mu_http_parser *self(llhttp_t *llhttp)
{
    return llhttp->data;
}

static int on_text(llhttp_t *llhttp, const char *at, size_t len)
{
    if (!self(llhttp)->head_complete)
        mu_buf_add(&self(llhttp)->text, at, len);
    return 0;
}

static int on_text_complete(llhttp_t *llhttp)
{
    if (!self(llhttp)->head_complete)
        mu_buf_add_byte(&self(llhttp)->text, 0);
    return 0;
}

static int on_field(llhttp_t *llhttp, const char *at, size_t len)
{
    mu_http_parser *parser = self(llhttp);

    if (!parser->head_complete && !parser->in_name) {
        if (parser->field_count == parser->limits.max_fields)
            return refuse(parser, 431, "too many header fields") - 1;
        if (parser->text.len == 0)
            mu_buf_add_byte(&parser->text, 0); /* a status line without a reason */
        parser->fields[parser->field_count].name = (uint32_t)parser->text.len;
        parser->in_name = true;
    }
    return on_text(llhttp, at, len);
}

static int on_field_complete(llhttp_t *llhttp)
{
    mu_http_parser *parser = self(llhttp);

    if (parser->head_complete)
        return 0; /* a trailer: nothing here reads them */
    mu_buf_add_byte(&parser->text, 0);
    parser->fields[parser->field_count++].value = (uint32_t)parser->text.len;
    parser->in_name = false;
    return 0;
}

static int on_value_complete(llhttp_t *llhttp)
{
    mu_buf *text = &self(llhttp)->text;

    if (self(llhttp)->head_complete)
        return 0;
    while (text->len > 0 && (text->data[text->len - 1] == ' ' || text->data[text->len - 1] == '\t'))
        text->len--;
    mu_buf_add_byte(text, 0);
    return 0;
}

static int on_headers_complete(llhttp_t *llhttp)
{
    mu_http_parser *parser = self(llhttp);
    int status = llhttp->status_code;

    if (parser->text.len == 0)
        mu_buf_add_byte(&parser->text, 0);
    if (parser->text.failed)
        return refuse(parser, 431, "the header is too large") - 1;
    parser->head_complete = true;
    if (!mu_http_policy(parser, &parser->refusal))
        return -1;
    parser->keep_alive = llhttp_should_keep_alive(llhttp);
    llhttp->upgrade = 0; /* RFC 9110 7.8: a server may ignore Upgrade; without this llhttp stops reading HTTP */
    /* RFC 9112 6.3: these have no body whatever Content-Length says, which llhttp believes */
    return parser->kind == MU_HTTP_RESPONSE && (parser->no_body || status < 200 || status == 204 || status == 304);
}

static int on_body(llhttp_t *llhttp, const char *at, size_t len)
{
    mu_http_parser *parser = self(llhttp);

    if (!guard_framing(parser, (const uint8_t *)at))
        return -1;
    if (parser->guard.column != 0 || parser->guard.cr)
        return refuse(parser, 400, "a chunk that does not start a line") - 1;
    parser->framing_from = (const uint8_t *)at + len;
    parser->body_bytes += len;
    if (parser->body_bytes > parser->limits.max_body_bytes)
        return refuse(parser, 413, "the body is too large") - 1;
    if (parser->on_body)
        parser->on_body(parser->arg, at, len);
    return 0;
}

static int on_message_complete(llhttp_t *llhttp)
{
    self(llhttp)->message_complete = true;
    return HPE_PAUSED;
}

/* ---- the parser ---- */

static void start_message(mu_http_parser *parser)
{
    llhttp_reset(&parser->llhttp);
    mu_http_guard_init(&parser->guard, parser->kind, &parser->limits);
    mu_buf_reset(&parser->text);
    parser->head_complete = parser->message_complete = parser->in_name = parser->keep_alive = false;
    parser->head_bytes = parser->body_bytes = parser->framing_bytes = 0;
    parser->field_count = 0;
    parser->state = STATE_IDLE;
}

mu_http_parser *mu_http_parser_new(mu_http_kind kind, const mu_http_limits *limits, mu_http_body_fn on_body_bytes, void *arg)
{
    mu_http_parser *parser = calloc(1, sizeof *parser);
    mu_http_limits *own;

    if (!parser)
        return NULL;
    parser->kind = kind;
    parser->on_body = on_body_bytes;
    parser->arg = arg;
    own = &parser->limits;
    if (limits)
        *own = *limits;
    if (!own->max_head_bytes)
        own->max_head_bytes = 16 << 10;
    if (!own->max_target_bytes)
        own->max_target_bytes = 8 << 10;
    if (!own->max_fields || own->max_fields > MU_HTTP_MAX_FIELDS)
        own->max_fields = MU_HTTP_MAX_FIELDS;
    if (!own->max_body_bytes)
        own->max_body_bytes = kind == MU_HTTP_REQUEST ? 1 << 20 : UINT64_MAX;
    mu_buf_init(&parser->text, own->max_head_bytes + own->max_fields + 16);
    llhttp_settings_init(&parser->settings);
    parser->settings.on_url = parser->settings.on_status = parser->settings.on_header_value = on_text;
    parser->settings.on_url_complete = parser->settings.on_status_complete = on_text_complete;
    parser->settings.on_header_field = on_field;
    parser->settings.on_header_field_complete = on_field_complete;
    parser->settings.on_header_value_complete = on_value_complete;
    parser->settings.on_headers_complete = on_headers_complete;
    parser->settings.on_body = on_body;
    parser->settings.on_message_complete = on_message_complete;
    llhttp_init(&parser->llhttp, kind == MU_HTTP_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE, &parser->settings);
    parser->llhttp.data = parser;
    start_message(parser);
    return parser;
}

void mu_http_parser_free(mu_http_parser *parser)
{
    if (parser)
        mu_buf_free(&parser->text);
    free(parser);
}

void mu_http_expect_no_body(mu_http_parser *parser)
{
    parser->no_body = true;
}

static mu_http_event bad(mu_http_parser *parser)
{
    llhttp_errno_t error = llhttp_get_errno(&parser->llhttp);

    if (error == HPE_INVALID_VERSION)
        refuse(parser, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    refuse(parser, 400, "not a valid HTTP/1 message");
    parser->state = STATE_BAD;
    return MU_HTTP_BAD;
}

/* The guard decides how far the head goes; llhttp is given exactly that much and must agree. */
static mu_http_event parse_head(mu_http_parser *parser, const uint8_t *data, size_t len, size_t *ret_used)
{
    size_t used = 0;

    while (used < len && !parser->guard.ended) {
        if (++parser->head_bytes > parser->limits.max_head_bytes) {
            refuse(parser, 431, "the header is too large");
            return bad(parser);
        }
        if (!mu_http_guard_byte(&parser->guard, data[used++], &parser->refusal))
            return bad(parser);
    }
    llhttp_errno_t error = llhttp_execute(&parser->llhttp, (const char *)data, used);
    *ret_used = used;
    if ((error != HPE_OK && error != HPE_PAUSED) || parser->head_complete != parser->guard.ended)
        return bad(parser);
    if (!parser->head_complete)
        return MU_HTTP_MORE;
    parser->guard.in_body = true;
    parser->state = STATE_BODY;
    return MU_HTTP_HEAD;
}

static mu_http_event done(mu_http_parser *parser)
{
    parser->state = STATE_DONE;
    parser->interims = 0;
    parser->no_body = false;
    return MU_HTTP_DONE;
}

static mu_http_event parse_body(mu_http_parser *parser, const uint8_t *data, size_t len, size_t *ret_used)
{
    if (parser->message_complete)
        return done(parser);
    parser->framing_from = data;
    llhttp_errno_t error = llhttp_execute(&parser->llhttp, (const char *)data, len);
    const uint8_t *end = error == HPE_OK ? data + len : (const uint8_t *)llhttp_get_error_pos(&parser->llhttp);
    if ((error != HPE_OK && error != HPE_PAUSED) || !guard_framing(parser, end))
        return bad(parser);
    *ret_used = (size_t)(end - data);
    return parser->message_complete ? done(parser) : MU_HTTP_MORE;
}

static bool is_interim(const mu_http_parser *parser)
{
    return parser->kind == MU_HTTP_RESPONSE && parser->llhttp.status_code / 100 == 1;
}

mu_http_event mu_http_parse(mu_http_parser *parser, const void *data, size_t len, size_t *ret_used)
{
    const uint8_t *bytes = data;

    *ret_used = 0;
    for (;;) {
        mu_http_event event;
        size_t used = 0;

        if (parser->state == STATE_BAD)
            return MU_HTTP_BAD;
        if (parser->state == STATE_DONE)
            start_message(parser);
        if (parser->state == STATE_BODY && (len > *ret_used || parser->message_complete))
            event = parse_body(parser, bytes + *ret_used, len - *ret_used, &used);
        else if (len == *ret_used)
            return MU_HTTP_MORE;
        else {
            parser->state = STATE_HEAD;
            event = parse_head(parser, bytes + *ret_used, len - *ret_used, &used);
        }
        *ret_used += used;
        if (event == MU_HTTP_BAD || !parser->head_complete || !is_interim(parser))
            return event;
        if (++parser->interims > MAX_INTERIM_RESPONSES) {
            refuse(parser, 400, "too many interim responses");
            return bad(parser);
        }
        start_message(parser);
    }
}

mu_http_event mu_http_parse_end(mu_http_parser *parser)
{
    if (parser->state == STATE_BODY && (parser->message_complete || llhttp_finish(&parser->llhttp) == HPE_PAUSED))
        return done(parser);
    refuse(parser, 400, "the message ends too early");
    return bad(parser);
}

bool mu_http_is_idle(const mu_http_parser *parser)
{
    return parser->state == STATE_IDLE || parser->state == STATE_DONE;
}

const char *mu_http_problem(const mu_http_parser *parser, int *ret_status)
{
    if (ret_status)
        *ret_status = parser->refusal.status;
    return parser->refusal.text;
}

const char *mu_http_method(const mu_http_parser *parser)
{
    return llhttp_method_name((llhttp_method_t)parser->llhttp.method);
}

const char *mu_http_target(const mu_http_parser *parser)
{
    return mu_buf_text(&parser->text);
}

const char *mu_http_reason(const mu_http_parser *parser)
{
    return mu_buf_text(&parser->text);
}

int mu_http_status(const mu_http_parser *parser)
{
    return parser->llhttp.status_code;
}

int mu_http_minor_version(const mu_http_parser *parser)
{
    return parser->llhttp.http_minor;
}

bool mu_http_keep_alive(const mu_http_parser *parser)
{
    return parser->keep_alive;
}

bool mu_http_expects_continue(const mu_http_parser *parser)
{
    return mu_http_minor_version(parser) == 1 && !parser->message_complete && mu_http_field(parser, "Expect");
}

size_t mu_http_field_count(const mu_http_parser *parser)
{
    return parser->field_count;
}

const char *mu_http_field_name(const mu_http_parser *parser, size_t index)
{
    return mu_buf_text(&parser->text) + parser->fields[index].name;
}

const char *mu_http_field_value(const mu_http_parser *parser, size_t index)
{
    return mu_buf_text(&parser->text) + parser->fields[index].value;
}

const char *mu_http_field(const mu_http_parser *parser, const char *name)
{
    for (size_t i = 0; i < parser->field_count; i++)
        if (mu_str_eq_nocase(mu_http_field_name(parser, i), name))
            return mu_http_field_value(parser, i);
    return NULL;
}
