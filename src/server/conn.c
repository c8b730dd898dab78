/*
 * One connection: handshake, then requests one after the other (pipelined ones wait their turn in the socket), then an orderly end.
 * Whatever may block is tried until it would block; then the connection waits for its descriptor or its timer.
 */
#include "server/server_internal.h"

#include "base/clock.h"
#include "server/respond.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEPS_A_TURN 32
#define IN_BYTES 4096
#define OUT_BYTES (16 << 10)
#define DRAIN_MS 2000
#define BODY_TIMEOUT_MS 60000  /* for a whole body */
#define WRITE_TIMEOUT_MS 30000 /* without any progress of an answer */
#define DRAIN_BYTES (1 << 20)

typedef enum phase {
    HANDSHAKE,
    REQUEST,  /* waiting for a request, or reading one */
    CONTINUE, /* writing "100 Continue" */
    ANSWER,
    SHUTDOWN, /* sending close_notify */
    DRAIN     /* our half is closed: reading until the peer has closed too, so that no reset overtakes what we sent last */
} phase;

typedef enum step { STEP_AGAIN, STEP_WAIT, STEP_GONE } step;

struct conn {
    conn *next, *prev;
    worker *worker;
    mu_address peer;
    int fd;
    mu_watch watch;
    mu_timer timer;
    mu_tls_conn *tls;
    mu_http_parser *parser;
    phase phase;
    bool ask_parser;      /* a request may be complete without further bytes */
    bool served;          /* at least one request was answered */
    bool keep_alive;      /* after the answer that is being written */
    bool close_when_idle; /* the server stops */
    bool traced;          /* its trace has been told */
    size_t in_at, in_len, drained;
    mu_buf out;
    size_t out_at;
    int file_fd;          /* what the answer goes on with; -1: none */
    uint64_t file_left;
    uint8_t in[IN_BYTES];
};

static const mu_server_config *config(const conn *c)
{
    return &c->worker->server->config;
}

static void set_timer(conn *c, int64_t delay_ms)
{
    mu_loop_set_timer(c->worker->loop, &c->timer, delay_ms); /* cannot fail: the timer is set from the start, or its slot is free */
}

static void tell_trace(conn *c, const mu_verdict *verdict)
{
    const mu_trace *trace = c->tls && !c->traced ? mu_trace_of(c->tls) : NULL;
    char text[MU_ADDRESS_TEXT_MAX];
    if (trace)
        config(c)->on_trace(config(c)->on_trace_arg, trace, verdict, mu_address_text(&c->peer, text));
    c->traced = true;
}

conn *conn_next(conn *c)
{
    return c->next;
}

void conn_free(conn *c)
{
    worker *w = c->worker;

    if (c->tls)
        tell_trace(c, mu_tls_conn_verdict(c->tls));
    *(c->prev ? &c->prev->next : &w->conns) = c->next;
    if (c->next)
        c->next->prev = c->prev;
    mu_loop_cancel_timer(w->loop, &c->timer);
    mu_loop_remove(w->loop, &c->watch);
    close(c->fd);
    if (c->file_fd >= 0)
        close(c->file_fd);
    mu_tls_conn_free(c->tls);
    mu_http_parser_free(c->parser);
    mu_buf_free(&c->out);
    address_count_remove(&w->addresses, &c->peer);
    w->conn_count--;
    free(c);
    worker_conn_gone(w);
}

/* ---- the end ---- */

static step half_close(conn *c)
{
    shutdown(c->fd, SHUT_WR);
    c->phase = DRAIN;
    set_timer(c, DRAIN_MS);
    return STEP_AGAIN;
}

static step start_shutdown(conn *c)
{
    c->phase = SHUTDOWN;
    set_timer(c, WRITE_TIMEOUT_MS);
    return STEP_AGAIN;
}

static step step_shutdown(conn *c)
{
    return mu_tls_shutdown(c->tls) == MU_TLS_WANT_WRITE ? STEP_WAIT : half_close(c);
}

static step step_drain(conn *c)
{
    ssize_t len = recv(c->fd, c->in, sizeof c->in, 0);

    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return errno == EAGAIN ? STEP_WAIT : STEP_AGAIN;
    if (len <= 0 || (c->drained += (size_t)len) > DRAIN_BYTES)
        return STEP_GONE;
    return STEP_AGAIN;
}

/* ---- handshake ---- */

static step wait_for_request(conn *c)
{
    c->phase = REQUEST;
    set_timer(c, config(c)->idle_timeout_ms);
    return STEP_AGAIN;
}

static step refused(conn *c)
{
    const mu_verdict *verdict = mu_tls_conn_verdict(c->tls);
    if (verdict->code != MU_OK)
        refusal_log_write(c->worker, verdict, &c->peer);
    tell_trace(c, verdict);
    return half_close(c);
}

static step step_handshake(conn *c)
{
    switch (mu_tls_handshake(c->tls)) {
    case MU_TLS_OK:
        return wait_for_request(c);
    case MU_TLS_WANT_READ:
    case MU_TLS_WANT_WRITE:
        return STEP_WAIT;
    default:
        return refused(c);
    }
}

/* ---- answers ---- */

static void start_answer(conn *c, mu_reply *reply, bool keep_alive, bool head_only)
{
    mu_http_answer head = {.status = reply->status, .content_type = reply->type, .allow = reply->allow,
                           .content_length = reply->length, .minor_version = mu_http_minor_version(c->parser),
                           .keep_alive = keep_alive, .now_s = mu_now_s()};

    mu_http_write_head(&c->out, &head);
    c->keep_alive = keep_alive;
    c->file_fd = reply->file_fd;
    c->file_left = c->file_fd >= 0 && !head_only ? reply->length : 0;
    if (reply->body && !head_only)
        mu_buf_add(&c->out, reply->body, reply->length);
    c->phase = ANSWER;
    set_timer(c, WRITE_TIMEOUT_MS);
}

static step answer_request(conn *c)
{
    mu_reply reply;
    const char *method = mu_http_method(c->parser);

    mu_reply_make(c->worker->server, method, mu_http_target(c->parser), &reply);
    start_answer(c, &reply, mu_http_keep_alive(c->parser) && !c->worker->stopping, strcmp(method, "HEAD") == 0);
    return STEP_AGAIN;
}

/* Where the next request starts is no longer sure, so there is none. */
static step answer_error(conn *c, int status, const char *problem)
{
    mu_reply reply;

    mu_reply_error(status, problem, &reply);
    start_answer(c, &reply, false, false);
    return STEP_AGAIN;
}

/* ---- requests ---- */

static step parse_some(conn *c)
{
    size_t used;
    int status;
    const char *problem;
    mu_http_event event = mu_http_parse(c->parser, c->in + c->in_at, c->in_len - c->in_at, &used);

    c->in_at += used;
    c->ask_parser = event == MU_HTTP_HEAD;
    switch (event) {
    case MU_HTTP_HEAD:
        set_timer(c, BODY_TIMEOUT_MS);
        if (!mu_http_expects_continue(c->parser) || c->in_at < c->in_len)
            return STEP_AGAIN;
        mu_buf_add_str(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
        c->phase = CONTINUE;
        return STEP_AGAIN;
    case MU_HTTP_DONE:
        return answer_request(c);
    case MU_HTTP_BAD:
        problem = mu_http_problem(c->parser, &status);
        return answer_error(c, status, problem);
    default:
        return STEP_AGAIN;
    }
}

static step read_some(conn *c)
{
    c->in_at = c->in_len = 0;
    switch (mu_tls_read(c->tls, c->in, sizeof c->in, &c->in_len)) {
    case MU_TLS_OK:
        if (mu_http_is_idle(c->parser))
            set_timer(c, config(c)->head_timeout_ms);
        return STEP_AGAIN;
    case MU_TLS_WANT_READ:
    case MU_TLS_WANT_WRITE:
        return c->close_when_idle && mu_http_is_idle(c->parser) ? start_shutdown(c) : STEP_WAIT;
    case MU_TLS_CLOSED:
        return start_shutdown(c);
    default: /* an alert before the first request is a late refusal of our certificate */
        return c->served ? half_close(c) : refused(c);
    }
}

static step step_request(conn *c)
{
    return c->in_at < c->in_len || c->ask_parser ? parse_some(c) : read_some(c);
}

static step step_write(conn *c)
{
    size_t written = 0;

    if (c->out.failed)
        return STEP_GONE;
    switch (mu_tls_write(c->tls, c->out.data + c->out_at, c->out.len - c->out_at, &written)) {
    case MU_TLS_OK:
        c->out_at += written;
        set_timer(c, WRITE_TIMEOUT_MS);
        if (c->out_at == c->out.len) {
            mu_buf_reset(&c->out);
            c->out_at = 0;
        }
        return STEP_AGAIN;
    case MU_TLS_WANT_READ:
    case MU_TLS_WANT_WRITE:
        return STEP_WAIT;
    default:
        return STEP_GONE;
    }
}

static step step_continue(conn *c)
{
    if (c->out.len || c->out.failed)
        return step_write(c);
    c->phase = REQUEST;
    set_timer(c, BODY_TIMEOUT_MS);
    return STEP_AGAIN;
}

/* A file that became shorter cannot be answered for any more: the client must not take what it got for the whole. */
static step read_file(conn *c)
{
    uint8_t data[OUT_BYTES];
    ssize_t len = read(c->file_fd, data, c->file_left < sizeof data ? c->file_left : sizeof data);

    if (len <= 0)
        return STEP_GONE;
    mu_buf_add(&c->out, data, (size_t)len);
    c->file_left -= (uint64_t)len;
    return STEP_AGAIN;
}

static step step_answer(conn *c)
{
    if (c->out.len || c->out.failed)
        return step_write(c);
    if (c->file_left)
        return read_file(c);
    if (c->file_fd >= 0)
        close(c->file_fd);
    c->file_fd = -1;
    c->served = true;
    tell_trace(c, mu_tls_conn_verdict(c->tls));
    if (!c->keep_alive)
        return start_shutdown(c);
    wait_for_request(c);
    if (c->in_at < c->in_len)
        set_timer(c, config(c)->head_timeout_ms);
    return STEP_AGAIN;
}

/* ---- what drives it ---- */

static step one_step(conn *c)
{
    switch (c->phase) {
    case HANDSHAKE:
        return step_handshake(c);
    case REQUEST:
        return step_request(c);
    case CONTINUE:
        return step_continue(c);
    case ANSWER:
        return step_answer(c);
    case SHUTDOWN:
        return step_shutdown(c);
    default:
        return step_drain(c);
    }
}

static void run(void *arg)
{
    conn *c = arg;

    for (int i = 0; i < STEPS_A_TURN; i++)
        switch (one_step(c)) {
        case STEP_GONE:
            conn_free(c);
            return;
        case STEP_WAIT:
            return;
        default:
            break;
        }
    mu_loop_defer(c->worker->loop, &c->watch); /* others want to live too */
}

static void timed_out(void *arg)
{
    conn *c = arg;
    mu_verdict verdict;

    switch (c->phase) {
    case HANDSHAKE:
        verdict = *mu_tls_conn_verdict(c->tls);
        verdict.code = MU_E_HANDSHAKE_TIMEOUT;
        verdict.by = MU_BY_US;
        refusal_log_write(c->worker, &verdict, &c->peer);
        tell_trace(c, &verdict);
        half_close(c);
        break;
    case REQUEST:
        if (mu_http_is_idle(c->parser))
            start_shutdown(c);
        else
            answer_error(c, 408, "the request did not arrive in time");
        break;
    default:
        conn_free(c);
        return;
    }
    run(c);
}

void conn_stop(conn *c)
{
    c->close_when_idle = c->phase != HANDSHAKE;
    run(c);
}

bool conn_start(worker *w, int fd, const mu_address *peer)
{
    conn *c = calloc(1, sizeof *c);
    mu_tls_io io;

    if (!c) {
        close(fd);
        return false;
    }
    c->worker = w;
    c->peer = *peer;
    c->fd = fd;
    c->file_fd = -1;
    c->watch = (mu_watch){.fd = fd, .ready = run, .arg = c};
    c->timer = (mu_timer){.fire = timed_out, .arg = c};
    mu_buf_init(&c->out, SIZE_MAX / 2);
    io = mu_tls_io_socket(&c->fd);
    if ((c->next = w->conns))
        c->next->prev = c;
    w->conns = c;
    if (!(c->parser = mu_http_parser_new(MU_HTTP_REQUEST, NULL, NULL, NULL)) ||
        mu_tls_conn_new(w->tls, &io, NULL, mu_now_s(), &c->tls, NULL) < 0 ||
        (config(c)->on_trace && mu_trace_start(c->tls, NULL) < 0) ||
        mu_loop_set_timer(w->loop, &c->timer, config(c)->handshake_timeout_ms) < 0 ||
        mu_loop_add(w->loop, &c->watch, MU_WATCH_STREAM) < 0)
        conn_free(c);
    return true;
}
