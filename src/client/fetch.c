#include "client/fetch.h"

#include "base/clock.h"
#include "client/request.h"
#include "net/dial.h"
#include "tls/trace.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HANDSHAKE_TIMEOUT_MS 30000
#define READ_BYTES 16384
#define DRAIN_MS 1000
#define DRAIN_MAX_BYTES (256u << 10)
#define REQUEST_MAX_BYTES (256u << 20)

/* What one exchange needs beside the result. */
struct exchange {
    mu_fetch *fetch;
    const mu_fetch_options *options;
    mu_http_parser *parser;
    mu_buf request;
    size_t sent; /* bytes of it */
    int64_t due_ms;
    bool done;
};

static int64_t min_ms(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* @return 0 when the socket may be ready, -1 when the time is over */
static int wait_for(int fd, short events, int64_t due_ms)
{
    struct pollfd p = {.fd = fd, .events = events};
    for (;;) {
        int64_t left_ms = due_ms - mu_mono_ms();
        if (left_ms <= 0)
            return -1;
        int n = poll(&p, 1, (int)min_ms(left_ms, 60000));
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -1;
    }
}

static int handshake(struct exchange *x, int64_t due_ms, mu_err **err)
{
    for (;;) {
        mu_tls_status status = mu_tls_handshake(x->fetch->conn);
        if (status == MU_TLS_OK)
            return 0;
        if (status != MU_TLS_WANT_READ && status != MU_TLS_WANT_WRITE)
            return mu_verdict_error(x->fetch->verdict, err);
        if (wait_for(x->fetch->fd, status == MU_TLS_WANT_READ ? POLLIN : POLLOUT, due_ms) != 0)
            return mu_fail_by(err, MU_E_HANDSHAKE_TIMEOUT, MU_BY_US, "the server did not finish the TLS handshake in time");
    }
}

/* ---- sending and receiving, whichever is possible ---- */

static int fail_http(struct exchange *x, mu_err **err)
{
    return mu_fail(err, MU_E_PROTOCOL_ERROR, "the answer is not HTTP: %s", mu_http_problem(x->parser, NULL));
}

static int take_event(struct exchange *x, mu_http_event event, mu_err **err)
{
    if (event == MU_HTTP_BAD)
        return fail_http(x, err);
    if (event == MU_HTTP_HEAD) {
        x->fetch->status = mu_http_status(x->parser);
        if (x->options->on_head)
            x->options->on_head(x->options->arg, x->parser);
    }
    x->done = event == MU_HTTP_DONE;
    return 0;
}

static int feed(struct exchange *x, const uint8_t *data, size_t len, mu_err **err)
{
    mu_http_event event;
    do {
        size_t used = 0;
        event = mu_http_parse(x->parser, data, len, &used);
        data += used;
        len -= used;
        if (take_event(x, event, err) != 0)
            return -1;
    } while (!x->done && event != MU_HTTP_MORE);
    return 0;
}

/* The end of the transport ends a body without a length only if the server says so itself (RFC 9112 section 9.8). */
static int finish(struct exchange *x, mu_err **err)
{
    bool truncated = mu_tls_conn_truncated(x->fetch->conn);
    if (x->fetch->status == 0 && mu_http_is_idle(x->parser)) {
        mu_fail_by(err, MU_E_PEER_CLOSED, MU_BY_PEER, "the server closed the connection without an answer");
        if (x->fetch->verdict->identity_note)
            mu_err_detail(err, "%s", x->fetch->verdict->identity_note);
        return -1;
    }
    if (mu_http_parse_end(x->parser) != MU_HTTP_DONE || truncated)
        return mu_fail_by(err, MU_E_PEER_CLOSED, MU_BY_PEER, "the server closed the connection in the middle of its answer");
    x->done = true;
    return 0;
}

/* @return 1: something was sent; 0: nothing to send, or later; -1: failed */
static int send_some(struct exchange *x, mu_err **err)
{
    size_t sent = 0;
    if (x->sent == x->request.len)
        return 0;
    switch (mu_tls_write(x->fetch->conn, x->request.data + x->sent, x->request.len - x->sent, &sent)) {
    case MU_TLS_OK:
        x->sent += sent;
        return 1;
    case MU_TLS_CLOSED: /* the server reads no more, but has answered */
        x->sent = x->request.len;
        return 1;
    case MU_TLS_FAILED:
        return mu_verdict_error(x->fetch->verdict, err);
    default:
        return 0;
    }
}

static int receive_some(struct exchange *x, mu_err **err)
{
    uint8_t data[READ_BYTES];
    size_t len = 0;
    switch (mu_tls_read(x->fetch->conn, data, sizeof data, &len)) {
    case MU_TLS_OK:
        return feed(x, data, len, err) == 0 ? 1 : -1;
    case MU_TLS_CLOSED:
        return finish(x, err) == 0 ? 1 : -1;
    case MU_TLS_FAILED:
        return mu_verdict_error(x->fetch->verdict, err);
    default:
        return 0;
    }
}

static int fail_timeout(struct exchange *x, mu_err **err)
{
    mu_fail_by(err, MU_E_NETWORK_TIMEOUT, MU_BY_US, "the server's answer did not come in time");
    if (!x->fetch->verdict->confirmed)
        mu_err_detail(err, "the handshake is done on our side, but the server has not yet said whether it accepts us");
    return -1;
}

static int exchange(struct exchange *x, mu_err **err)
{
    while (!x->done) {
        int sent = send_some(x, err), received = sent < 0 ? -1 : receive_some(x, err);
        if (sent < 0 || received < 0)
            return -1;
        if (sent == 0 && received == 0 &&
            wait_for(x->fetch->fd, x->sent < x->request.len ? POLLIN | POLLOUT : POLLIN, x->due_ms) != 0)
            return fail_timeout(x, err);
    }
    return 0;
}

static int prepare(struct exchange *x, mu_tls_ctx *ctx, const mu_url *url, mu_err **err)
{
    mu_tls_io io = mu_tls_io_socket(&x->fetch->fd);
    x->parser = mu_http_parser_new(MU_HTTP_RESPONSE, NULL, x->options->on_body, x->options->arg);
    if (!x->parser)
        return mu_fail_nomem(err);
    if (strcmp(mu_request_method(x->options), "HEAD") == 0)
        mu_http_expect_no_body(x->parser);
    if (mu_request_write(url, x->options, &x->request, err) != 0 ||
        mu_tls_conn_new(ctx, &io, url->host, mu_now_s(), &x->fetch->conn, err) != 0 ||
        (x->options->trace && mu_trace_start(x->fetch->conn, err) != 0))
        return -1;
    x->fetch->verdict = mu_tls_conn_verdict(x->fetch->conn);
    return 0;
}

int mu_fetch_run(mu_tls_ctx *ctx, const mu_url *url, const mu_fetch_options *options, mu_fetch *ret, mu_err **err)
{
    int rc = -1;
    struct exchange x = {.fetch = ret, .options = options};
    int64_t start_ms = mu_mono_ms();
    mu_dial_options dial = {.resolve = options->resolve, .timeout_ms = options->connect_timeout_ms};

    x.due_ms = options->max_time_ms > 0 ? start_ms + options->max_time_ms : INT64_MAX;
    if (options->max_time_ms > 0 && (dial.timeout_ms == 0 || dial.timeout_ms > options->max_time_ms))
        dial.timeout_ms = options->max_time_ms;
    *ret = (mu_fetch){.fd = -1};
    mu_buf_init_secret(&x.request, REQUEST_MAX_BYTES);
    if (mu_dial(url->host, url->port, &dial, &ret->fd, &ret->peer, err) != 0)
        goto out;
    if (prepare(&x, ctx, url, err) != 0 || handshake(&x, min_ms(x.due_ms, mu_mono_ms() + HANDSHAKE_TIMEOUT_MS), err) != 0)
        goto out;
    rc = exchange(&x, err);
out:
    mu_http_parser_free(x.parser);
    mu_buf_free(&x.request);
    return rc;
}

/* We refused, and the server may still be writing: closing at once would answer it by a reset, which overtakes our alert. */
static void drain(int fd)
{
    const int64_t due_ms = mu_mono_ms() + DRAIN_MS;
    char rest[4096];
    size_t taken = 0;

    shutdown(fd, SHUT_WR);
    while (taken < DRAIN_MAX_BYTES && wait_for(fd, POLLIN, due_ms) == 0) {
        ssize_t got = recv(fd, rest, sizeof rest, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            break;
        taken += got > 0 ? (size_t)got : 0;
    }
}

void mu_fetch_done(mu_fetch *fetch)
{
    if (fetch->conn) {
        const mu_verdict *verdict = mu_tls_conn_verdict(fetch->conn);
        mu_tls_shutdown(fetch->conn);
        if (verdict->code != MU_OK && verdict->by == MU_BY_US && verdict->alert_sent)
            drain(fetch->fd);
    }
    mu_tls_conn_free(fetch->conn);
    if (fetch->fd >= 0)
        close(fetch->fd);
    *fetch = (mu_fetch){.fd = -1};
}
