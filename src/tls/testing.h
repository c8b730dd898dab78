/** For the tests of tls: two connections joined by buffers. Included by test files only. */
#ifndef MU_TLS_TESTING_H
#define MU_TLS_TESTING_H

#include "base/buf.h"
#include "pki/testing.h"
#include <errno.h>
#include <mutual/tls.h>

/* One direction of the wire. */
typedef struct pipe_end {
    mu_buf bytes;
    bool ended;   /* the writer is gone */
    bool broken;  /* the reader is gone: writing fails with EPIPE */
    bool reset;   /* reading fails with ECONNRESET once the bytes are read */
    size_t chunk; /* at most so many bytes a read; 0: any */
} pipe_end;

typedef struct wire {
    pipe_end to_server, to_client;
} wire;

typedef struct wire_side {
    pipe_end *in, *out;
} wire_side;

static inline ssize_t wire_read(void *arg, void *data, size_t len)
{
    pipe_end *in = ((wire_side *)arg)->in;
    if (in->bytes.len == 0) {
        if (in->reset) {
            errno = ECONNRESET;
            return -1;
        }
        if (in->ended)
            return 0;
        errno = EAGAIN;
        return -1;
    }
    if (in->chunk && len > in->chunk)
        len = in->chunk;
    if (len > in->bytes.len)
        len = in->bytes.len;
    memcpy(data, in->bytes.data, len);
    mu_buf_consume(&in->bytes, len);
    return (ssize_t)len;
}

static inline ssize_t wire_write(void *arg, const void *data, size_t len)
{
    pipe_end *out = ((wire_side *)arg)->out;
    if (out->broken) {
        errno = EPIPE;
        return -1;
    }
    mu_buf_add(&out->bytes, data, len);
    return (ssize_t)len;
}

/* A client and a server context, joined. */
typedef struct duo {
    mu_tls_ctx *client_ctx, *server_ctx;
    mu_tls_conn *client, *server;
    wire wire;
    wire_side client_side, server_side;
    mu_tls_status client_status, server_status;
} duo;

static inline void duo_wire(duo *d)
{
    mu_buf_init(&d->wire.to_client.bytes, 1u << 20);
    mu_buf_init(&d->wire.to_server.bytes, 1u << 20);
    d->client_side = (wire_side){&d->wire.to_client, &d->wire.to_server};
    d->server_side = (wire_side){&d->wire.to_server, &d->wire.to_client};
}

static inline void duo_connect(duo *d, const char *host, int64_t now_s)
{
    duo_wire(d);
    mu_tls_io client_io = {wire_read, wire_write, &d->client_side}, server_io = {wire_read, wire_write, &d->server_side};
    assert_ok(mu_tls_conn_new(d->client_ctx, &client_io, host, now_s, &d->client, &err));
    assert_ok(mu_tls_conn_new(d->server_ctx, &server_io, NULL, now_s, &d->server, &err));
}

static inline bool is_waiting(mu_tls_status status)
{
    return status == MU_TLS_WANT_READ;
}

/* A side that has failed closes its end of the wire, as a program would. */
static inline void duo_step(duo *d, mu_tls_status (*step)(mu_tls_conn *))
{
    size_t before;
    d->client_status = d->server_status = MU_TLS_WANT_READ;
    do {
        before = d->wire.to_client.bytes.len + d->wire.to_server.bytes.len;
        if (is_waiting(d->client_status))
            d->client_status = step(d->client);
        d->wire.to_server.ended |= d->client_status == MU_TLS_FAILED;
        if (is_waiting(d->server_status))
            d->server_status = step(d->server);
        d->wire.to_client.ended |= d->server_status == MU_TLS_FAILED;
        if (d->wire.to_client.ended && is_waiting(d->client_status))
            d->client_status = step(d->client);
    } while ((is_waiting(d->client_status) || is_waiting(d->server_status)) &&
             (d->wire.to_client.bytes.len + d->wire.to_server.bytes.len != before || before != 0));
}

static inline mu_tls_status read_one(mu_tls_conn *conn)
{
    char byte;
    size_t len;
    return mu_tls_read(conn, &byte, 1, &len);
}

/* Handshake, then one byte each way: what comes late comes. */
static inline void duo_run(duo *d)
{
    size_t len;
    duo_step(d, mu_tls_handshake);
    if (d->client_status == MU_TLS_OK)
        mu_tls_write(d->client, "x", 1, &len);
    if (d->server_status == MU_TLS_OK)
        mu_tls_write(d->server, "y", 1, &len);
    duo_step(d, read_one);
}

static inline void duo_disconnect(duo *d)
{
    mu_tls_conn_free(d->client);
    mu_tls_conn_free(d->server);
    d->client = d->server = NULL;
    mu_buf_free(&d->wire.to_client.bytes);
    mu_buf_free(&d->wire.to_server.bytes);
    d->wire = (wire){0};
}

static inline void duo_free(duo *d)
{
    duo_disconnect(d);
    mu_tls_ctx_free(d->client_ctx);
    mu_tls_ctx_free(d->server_ctx);
    *d = (duo){0};
}

#endif
