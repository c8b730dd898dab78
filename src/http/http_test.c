#include "http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define HOST "Host: a\r\n"

typedef struct outcome {
    int messages, bad;   /* complete messages; 1 if refused */
    int status;          /* of the refusal */
    char body[256];
    size_t body_len;
    bool keep_alive;     /* of the last head */
    char target[64];
} outcome;

static void keep_body(void *arg, const void *data, size_t len)
{
    outcome *o = arg;
    assert_true(o->body_len + len < sizeof o->body);
    memcpy(o->body + o->body_len, data, len);
    o->body_len += len;
}

/* In pieces of `step` bytes, each in memory of exactly its size so that an overrun is seen. */
static outcome run(mu_http_kind kind, const char *text, size_t len, size_t step, bool end)
{
    outcome o = {0};
    mu_http_limits limits = {.max_head_bytes = 1024, .max_target_bytes = 100, .max_fields = 8, .max_body_bytes = 64};
    mu_http_parser *parser = mu_http_parser_new(kind, &limits, keep_body, &o);
    mu_http_event event = MU_HTTP_MORE;

    assert_non_null(parser);
    for (size_t at = 0; at < len && event != MU_HTTP_BAD; at += step) {
        size_t piece = len - at < step ? len - at : step, done = 0, used;
        char *copy = malloc(piece);
        memcpy(copy, text + at, piece);
        do {
            event = mu_http_parse(parser, copy + done, piece - done, &used);
            done += used;
            o.messages += event == MU_HTTP_DONE;
            if (event == MU_HTTP_HEAD) {
                o.keep_alive = mu_http_keep_alive(parser);
                snprintf(o.target, sizeof o.target, "%s", mu_http_target(parser));
            }
        } while (event == MU_HTTP_HEAD || event == MU_HTTP_DONE);
        assert_true(event == MU_HTTP_BAD || done == piece);
        free(copy);
    }
    if (end && event != MU_HTTP_BAD && !mu_http_is_idle(parser))
        o.messages += (event = mu_http_parse_end(parser)) == MU_HTTP_DONE;
    o.bad = event == MU_HTTP_BAD;
    if (o.bad)
        assert_non_null(mu_http_problem(parser, &o.status));
    mu_http_parser_free(parser);
    return o;
}

typedef struct sample {
    const char *name, *text;
    int messages, status; /* status 0: not refused */
    const char *body;
    size_t len;           /* 0: strlen */
} sample;

static void check(mu_http_kind kind, const sample *s)
{
    size_t len = s->len ? s->len : strlen(s->text);

    for (size_t step = len; step; step = step > 3 ? 3 : step - 1) {
        outcome o = run(kind, s->text, len, step, kind == MU_HTTP_RESPONSE);
        if (o.messages != s->messages || o.status != s->status || (s->body && strcmp(o.body, s->body) != 0))
            fail_msg("%s (pieces of %zu): %d messages, status %d, body \"%s\"", s->name, step, o.messages, o.status, o.body);
    }
}

#define CHUNKED "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST

static const sample requests[] = {
    {"plain", GET "\r\n", 1, 0},
    {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 1, 0},
    {"empty line first", "\r\n" GET "\r\n", 1, 0},
    {"OPTIONS *", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 1, 0},
    {"pipelined", GET "\r\n" GET "\r\n", 2, 0},
    {"body, then the next", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc" GET "\r\n", 2, 0, "abc"},
    {"empty field value", GET "X:\r\nY: \r\n\r\n", 1, 0},
    {"chunked", CHUNKED "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n" GET "\r\n", 2, 0, "abcde"},
    {"chunked with trailer", CHUNKED "1\r\na\r\n0\r\nX: y\r\n\r\n" GET "\r\n", 2, 0, "a"},
    {"CR LF in the data", CHUNKED "4\r\n\r\n\n \r\n0\r\n\r\n", 1, 0, "\r\n\n "},
    {"one-byte chunks", CHUNKED "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n", 1, 0, "abc"},
    {"Chunked in capitals", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n", 1, 0},
    {"upgrade ignored", GET "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n" GET "\r\n", 2, 0},
    {"expect", "POST / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\na", 1, 0, "a"},
    {"IPv6 Host", "GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n", 1, 0},

    {"two Hosts", GET HOST "\r\n", 0, 400},
    {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\n" HOST HOST "\r\n", 0, 400},
    {"no Host", "GET / HTTP/1.1\r\n\r\n", 0, 400},
    {"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 0, 400},
    {"Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 0, 400},
    {"Host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 0, 400},
    {"Host with a comma", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 0, 400},
    {"blank before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 0, 400},
    {"tab before the colon", GET "Content-Length\t: 3\r\n\r\nabc", 0, 400},
    {"folded field", GET "X: a\r\n b\r\n\r\n", 0, 400},
    {"folded with a tab", GET "X: a\r\n\tb\r\n\r\n", 0, 400},
    {"folded Transfer-Encoding", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"blank before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 0, 400},
    {"blank before the request line", " GET / HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"two blanks", "GET  / HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"two blanks before the version", "GET /  HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"tab in the request line", "GET /\tHTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"blank after the version", "GET / HTTP/1.1 \r\n" HOST "\r\n", 0, 400},
    {"blank in the target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"HTTP/0.9", "GET /\r\n\r\n", 0, 400},
    {"HTTP/2.0", "GET / HTTP/2.0\r\n" HOST "\r\n", 0, 505},
    {"HTTP/1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", 0, 505},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, 505},
    {"RTSP", "DESCRIBE /a RTSP/1.0\r\n\r\n", 0, 400},
    {"ICE", "SOURCE /a ICE/1.0\r\n\r\n", 0, 400},
    {"lower-case method", "get / HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"unknown method", "FROB / HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"CONNECT", "CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n", 0, 501},
    {"absolute form", "GET http://a/ HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"star without OPTIONS", "GET * HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"fragment", "GET /#a HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"high byte in the target", "GET /\xff HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 0, 400},
    {"bare LF at the end of the head", GET "\n", 0, 400},
    {"bare CR between fields", GET "X: a\rY: b\r\n\r\n", 0, 400},
    {"CR CR LF", GET "X: a\r\r\n\r\n", 0, 400},
    {"NUL in a value", GET "X: a\0b\r\n\r\n", 0, 400, NULL, sizeof(GET "X: a\0b\r\n\r\n") - 1},
    {"vertical tab in a value", GET "X: a\vb\r\n\r\n", 0, 400},
    {"DEL in a value", GET "X: a\x7f\r\n\r\n", 0, 400},
    {"two lengths", GET "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 0, 400},
    {"two different lengths", GET "Content-Length: 1\r\nContent-Length: 2\r\n\r\na", 0, 400},
    {"list of lengths", GET "Content-Length: 1, 1\r\n\r\na", 0, 400},
    {"signed length", GET "Content-Length: +1\r\n\r\na", 0, 400},
    {"negative length", GET "Content-Length: -1\r\n\r\na", 0, 400},
    {"hexadecimal length", GET "Content-Length: 0x1\r\n\r\na", 0, 400},
    {"empty length", GET "Content-Length:\r\n\r\n", 0, 400},
    {"length with a blank", GET "Content-Length: 1 1\r\n\r\na", 0, 400},
    {"length that overflows", GET "Content-Length: 18446744073709551617\r\n\r\na", 0, 400},
    {"length and chunked", GET "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"chunked and length", GET "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 0, 400},
    {"chunked twice", GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"chunked, chunked", GET "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"gzip, chunked", GET "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0, 501},
    {"identity", GET "Transfer-Encoding: identity\r\n\r\n", 0, 501},
    {"xchunked", GET "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 0, 501},
    {"quoted chunked", GET "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 0, 501},
    {"chunked with vertical tab", GET "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"empty Transfer-Encoding", GET "Transfer-Encoding:\r\n\r\n", 0, 400},
    {"empty Transfer-Encoding, then length", GET "Transfer-Encoding: \r\nContent-Length: 1\r\n\r\na", 0, 400},
    {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"chunk size with a blank", CHUNKED "1 \r\na\r\n0\r\n\r\n", 0, 400},
    {"chunk size after a blank", CHUNKED " 1\r\na\r\n0\r\n\r\n", 0, 400},
    {"chunk size 0x1", CHUNKED "0x1\r\na\r\n0\r\n\r\n", 0, 400},
    {"negative chunk", CHUNKED "-1\r\na\r\n0\r\n\r\n", 0, 400},
    {"chunk size that overflows", CHUNKED "10000000000000001\r\na\r\n0\r\n\r\n", 0, 400},
    {"chunk longer than said", CHUNKED "1\r\nab\r\n0\r\n\r\n", 0, 400},
    {"chunk line with LF", CHUNKED "1\na\r\n0\r\n\r\n", 0, 400},
    {"chunk data with LF", CHUNKED "1\r\na\n0\r\n\r\n", 0, 400},
    {"bare CR in a chunk extension", CHUNKED "1;a\rb\r\na\r\n0\r\n\r\n", 0, 400},
    {"bare LF in a chunk extension", CHUNKED "1;a\nb\r\na\r\n0\r\n\r\n", 0, 400},
    {"folded trailer", CHUNKED "1\r\na\r\n0\r\nX: y\r\n z\r\n\r\n", 0, 400},
    {"no colon", GET "abc\r\n\r\n", 0, 400},
    {"empty field name", GET ": a\r\n\r\n", 0, 400},
    {"bracket in a field name", GET "a[]: b\r\n\r\n", 0, 400},
    {"unknown expectation", GET "Expect: miracles\r\n\r\n", 0, 417},
    {"body too large", GET "Content-Length: 65\r\n\r\n", 0, 413},
    {"chunked body too large", CHUNKED "40\r\n01234567890123456789012345678901" "23456789012345678901234567890123\r\n1\r\na\r\n",
     0, 413},
    {"too many fields", GET "a:1\r\nb:2\r\nc:3\r\nd:4\r\ne:5\r\nf:6\r\ng:7\r\nh:8\r\n\r\n", 0, 431},
    {"refused after a good one", GET "\r\n" GET HOST "\r\n" GET "\r\n", 1, 400},
};

static const sample responses[] = {
    {"with length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", 1, 0, "OK"},
    {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n", 1, 0, "OK"},
    {"until the end", "HTTP/1.0 200 OK\r\n\r\nOK", 1, 0, "OK"},
    {"no reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 1, 0},
    {"no reason, no blank", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 1, 0},
    {"interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
     1, 0, "a"},
    {"204 has no body", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 1, 0, ""},
    {"304 has no body", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 1, 0, ""},
    {"cut off", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nOK", 0, 400},
    {"cut off in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nO", 0, 400},
    {"cut off in the head", "HTTP/1.1 200 OK\r\nContent-Le", 0, 400},
    {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", 0, 400},
    {"length and chunked", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"folded", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", 0, 400},
    {"bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", 0, 400},
    {"upgrade nobody asked for", "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", 0, 400},
    {"not HTTP", "SSH-2.0-x\r\n", 0, 400},
};

static void test_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        check(MU_HTTP_REQUEST, &requests[i]);
}

static void test_responses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof responses / sizeof *responses; i++)
        check(MU_HTTP_RESPONSE, &responses[i]);
}

static void test_endless_interim_responses(void **state)
{
    (void)state;
    char text[17 * 16 + 1];
    for (size_t i = 0; i < 17; i++)
        memcpy(text + 16 * i, "HTTP/1.1 100\r\n\r\n", 17);
    assert_int_equal(run(MU_HTTP_RESPONSE, text, 16 * 16, 7, false).bad, 0);
    assert_int_equal(run(MU_HTTP_RESPONSE, text, 17 * 16, 7, false).bad, 1);
}

static void test_keep_alive(void **state)
{
    static const struct {
        const char *text;
        bool keep;
    } cases[] = {
        {GET "\r\n", true},
        {GET "Connection: close\r\n\r\n", false},
        {GET "Connection: x, Close\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(run(MU_HTTP_REQUEST, cases[i].text, strlen(cases[i].text), 5, false).keep_alive, cases[i].keep);
}

static void test_head_limits(void **state)
{
    char text[2048];
    (void)state;
    /* a target of exactly the limit passes, one more byte does not */
    snprintf(text, sizeof text, "GET /%099d HTTP/1.1\r\n" HOST "\r\n", 0);
    assert_int_equal(run(MU_HTTP_REQUEST, text, strlen(text), 50, false).messages, 1);
    snprintf(text, sizeof text, "GET /%0100d HTTP/1.1\r\n" HOST "\r\n", 0);
    for (size_t step = 1; step < 2048; step *= 3)
        assert_int_equal(run(MU_HTTP_REQUEST, text, strlen(text), step, false).status, 414);
    /* as for the whole head */
    snprintf(text, sizeof text, GET "X: %0*d\r\n\r\n", 1024 - (int)sizeof(GET "X: \r\n\r\n") + 1, 0);
    assert_int_equal(strlen(text), 1024);
    assert_int_equal(run(MU_HTTP_REQUEST, text, strlen(text), 1000, false).messages, 1);
    snprintf(text, sizeof text, GET "X: %0*d\r\n\r\n", 1024 - (int)sizeof(GET "X: \r\n\r\n") + 2, 0);
    for (size_t step = 1; step < 2048; step *= 3)
        assert_int_equal(run(MU_HTTP_REQUEST, text, strlen(text), step, false).status, 431);
}

static void test_chunk_extensions_are_bounded(void **state)
{
    char text[4096];
    (void)state;
    snprintf(text, sizeof text, CHUNKED "1;%0500d\r\na\r\n0\r\n\r\n", 0);
    assert_int_equal(run(MU_HTTP_REQUEST, text, strlen(text), 100, false).messages, 1);
    snprintf(text, sizeof text, CHUNKED "1;%02000d\r\na\r\n0\r\n\r\n", 0);
    assert_int_equal(run(MU_HTTP_REQUEST, text, strlen(text), 100, false).status, 400);
}

static void test_fields(void **state)
{
    static const char text[] = "HTTP/1.1 404 Not  Here\r\nEmpty:\r\nX-One: 1 \t\r\nx-one: two words\r\nContent-Length: 0\r\n\r\n";
    mu_http_parser *parser = mu_http_parser_new(MU_HTTP_RESPONSE, NULL, NULL, NULL);
    size_t used;

    (void)state;
    assert_int_equal(mu_http_parse(parser, text, sizeof text - 1, &used), MU_HTTP_HEAD);
    assert_int_equal(used, sizeof text - 1);
    assert_int_equal(mu_http_status(parser), 404);
    assert_string_equal(mu_http_reason(parser), "Not  Here");
    assert_int_equal(mu_http_field_count(parser), 4);
    assert_string_equal(mu_http_field(parser, "empty"), "");
    assert_string_equal(mu_http_field(parser, "X-ONE"), "1");
    assert_string_equal(mu_http_field_name(parser, 2), "x-one");
    assert_string_equal(mu_http_field_value(parser, 2), "two words");
    assert_null(mu_http_field(parser, "X"));
    assert_int_equal(mu_http_parse(parser, NULL, 0, &used), MU_HTTP_DONE);
    assert_int_equal(used, 0);
    assert_true(mu_http_is_idle(parser));
    mu_http_parser_free(parser);
}

static void test_response_to_head(void **state)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK";
    mu_http_parser *parser = mu_http_parser_new(MU_HTTP_RESPONSE, NULL, NULL, NULL);
    size_t used, at;

    (void)state;
    mu_http_expect_no_body(parser);
    assert_int_equal(mu_http_parse(parser, text, sizeof text - 1, &at), MU_HTTP_HEAD);
    assert_int_equal(mu_http_parse(parser, text + at, sizeof text - 1 - at, &used), MU_HTTP_DONE);
    assert_int_equal(used, 0);
    assert_int_equal(mu_http_parse(parser, text + at, sizeof text - 1 - at, &used), MU_HTTP_HEAD);
    at += used;
    assert_int_equal(mu_http_parse(parser, text + at, sizeof text - 1 - at, &used), MU_HTTP_DONE);
    assert_int_equal(used, 2); /* the second one has its body again */
    mu_http_parser_free(parser);
}

static void test_expects_continue(void **state)
{
    static const char text[] = "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n";
    static const char bodyless[] = GET "Expect: 100-continue\r\n\r\n";
    mu_http_parser *parser = mu_http_parser_new(MU_HTTP_REQUEST, NULL, NULL, NULL);
    size_t used;

    (void)state;
    assert_int_equal(mu_http_parse(parser, text, sizeof text - 1, &used), MU_HTTP_HEAD);
    assert_true(mu_http_expects_continue(parser));
    assert_int_equal(mu_http_parse(parser, NULL, 0, &used), MU_HTTP_MORE);
    assert_false(mu_http_is_idle(parser));
    assert_int_equal(mu_http_parse(parser, "a", 1, &used), MU_HTTP_DONE);
    assert_int_equal(mu_http_parse(parser, bodyless, sizeof bodyless - 1, &used), MU_HTTP_HEAD);
    assert_false(mu_http_expects_continue(parser));
    mu_http_parser_free(parser);
}

static void test_write(void **state)
{
    mu_buf out;
    mu_http_answer answer = {.status = 200, .content_type = "text/plain", .content_length = 2, .minor_version = 1,
                             .keep_alive = true, .now_s = 784111777};

    (void)state;
    mu_buf_init(&out, 4096);
    mu_http_write_head(&out, &answer);
    assert_string_equal(mu_buf_text(&out), "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n"
                                           "Content-Type: text/plain\r\nX-Content-Type-Options: nosniff\r\n\r\n");
    mu_buf_reset(&out);
    mu_http_write_head(&out, &(mu_http_answer){.status = 405, .allow = "GET, HEAD", .now_s = 784111777});
    assert_string_equal(mu_buf_text(&out), "HTTP/1.1 405 Method Not Allowed\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                           "Content-Length: 0\r\nAllow: GET, HEAD\r\nConnection: close\r\n\r\n");
    mu_buf_reset(&out);
    mu_http_write_head(&out, &(mu_http_answer){.status = 200, .keep_alive = true, .minor_version = 0});
    assert_non_null(strstr(mu_buf_text(&out), "Connection: keep-alive\r\n"));
    mu_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_endless_interim_responses),
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_head_limits),
        cmocka_unit_test(test_chunk_extensions_are_bounded),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_response_to_head),
        cmocka_unit_test(test_expects_continue),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
