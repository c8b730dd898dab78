/**
 * An HTTPS server with client certificates: worker threads, each with its own event loop, listener, library context and TLS
 * context, so that connections take no lock. A refused handshake is a line on standard error (format: log.c).
 *
 *     mu_server_new    checks everything, makes the contexts, binds
 *     mu_server_start  begins to accept, in threads of its own
 *     mu_server_stop   finishes running requests, joins the threads
 *
 * The functions here are for one thread. OpenSSL keeps part of its configuration process-wide, so no other thread may make a
 * library context or an SSL_CTX while mu_server_new runs.
 */
#ifndef MU_SERVER_SERVER_H
#define MU_SERVER_SERVER_H

#include "net/address.h"
#include "tls/trace.h"
#include <mutual/tls.h>

typedef struct mu_server mu_server;

typedef struct mu_server_config {
    const mu_address *listen;  /* copied; port 0: the system chooses */
    size_t listen_count;
    int workers;               /* 0: one for each processor */
    mu_identity *identity;     /* references and copies are taken */
    mu_trust *trust;           /* NULL only with client_auth none */
    mu_tls_settings tls;       /* strings are borrowed for mu_server_new */
    const char *respond;       /* body of every answer; NULL: "OK"; copied */
    const char *root;          /* folder to serve files from instead; NULL: none */

    /**
     * Called by the workers, in their threads, once for each connection: when it is refused, else after its first answer, at the
     * latest when it ends. NULL: no traces are kept.
     */
    mu_trace_fn on_trace;
    void *on_trace_arg;

    /* Milliseconds; 0: the default */
    int64_t handshake_timeout_ms; /* for the whole handshake: 10 s */
    int64_t head_timeout_ms;      /* from a request's first byte to the end of its head: 10 s */
    int64_t idle_timeout_ms;      /* without a request: 60 s */
    /* For each worker; 0: the default */
    long max_connections;             /* 10,000 */
    long max_connections_per_address; /* 1,024; an IPv6 address counts as its /64 */
} mu_server_config;

/**
 * @return 0, or -1 with MU_E_TRUSTSTORE_EMPTY (client certificates wanted or needed, and nobody trusted), MU_E_PORT_IN_USE,
 *         MU_E_STORE_NOT_FOUND (root), what mu_tls_ctx_new and mu_listener_open return
 */
int mu_server_new(const mu_server_config *config, mu_server **ret_server, mu_err **err);
/** @return 0, or -1 with MU_E_INTERNAL (no threads); then nothing runs */
int mu_server_start(mu_server *server, mu_err **err);
/** Stops accepting, lets running requests finish within five seconds, and returns when all threads have ended. */
void mu_server_stop(mu_server *server);
/** Stops if need be. */
void mu_server_free(mu_server *server);

/** With the real port; NULL past the end. */
const mu_address *mu_server_address(const mu_server *server, size_t index);

#endif
