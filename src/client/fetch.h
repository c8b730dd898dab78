/** One HTTPS request and its answer: connect, handshake, send, receive, with every fact of a failure kept. */
#ifndef MU_CLIENT_FETCH_H
#define MU_CLIENT_FETCH_H

#include "base/text.h"
#include "client/url.h"
#include "http/http.h"
#include "net/address.h"
#include <mutual/tls.h>

typedef struct mu_fetch_options {
    const char *method;        /* NULL: GET, or POST if there is a body */
    const mu_strlist *headers; /* "Name: value"; replace the ones that are sent anyway; may be NULL */
    const void *body;          /* NULL: none */
    size_t body_len;
    const mu_strlist *resolve;                                  /* see net/dial.h; may be NULL */
    int64_t connect_timeout_ms;                                 /* 0: 30 s */
    int64_t max_time_ms;                                        /* for everything; 0: no limit but 30 s for the handshake */
    bool trace;                                                 /* keep a trace of the handshake (tls/trace.h) */
    void (*on_head)(void *arg, const mu_http_parser *response); /* may be NULL */
    mu_http_body_fn on_body;                                    /* may be NULL */
    void *arg;
} mu_fetch_options;

typedef struct mu_fetch {
    const mu_verdict *verdict; /* NULL if it did not get as far as TLS; borrowed from conn */
    int status;                /* 0: no answer came */
    mu_address peer;
    mu_tls_conn *conn;
    int fd;
} mu_fetch;

/** Is every header "Name: value" in RFC 9110's characters, and the method a token? @return 0, or -1 with MU_E_USAGE */
int mu_fetch_check(const mu_fetch_options *options, mu_err **err);

/**
 * Redirects are not followed. *ret is filled in any case and released with mu_fetch_done.
 * @return 0 when a complete answer came, whatever its status; else -1 with the verdict's error, or that of the network,
 * MU_E_NETWORK_TIMEOUT, MU_E_HANDSHAKE_TIMEOUT, MU_E_PEER_CLOSED (the answer is incomplete), MU_E_PROTOCOL_ERROR (it is no HTTP)
 */
int mu_fetch_run(mu_tls_ctx *ctx, const mu_url *url, const mu_fetch_options *options, mu_fetch *ret, mu_err **err);
void mu_fetch_done(mu_fetch *fetch);

#endif
