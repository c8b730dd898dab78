#ifndef MU_SERVER_SERVER_INTERNAL_H
#define MU_SERVER_SERVER_INTERNAL_H

#include "http/http.h"
#include "net/listen.h"
#include "net/loop.h"
#include "server/files.h"
#include "server/server.h"

#include <pthread.h>

typedef struct worker worker;
typedef struct conn conn;

/* ---- connections by address: address_count.c ---- */

typedef struct address_count address_count;
typedef struct address_counts {
    address_count *buckets[256];
} address_counts;

/** Count one more connection of that address unless it has `max` already. @return false if so, or when out of memory */
bool address_count_add(address_counts *counts, const mu_address *address, long max);
void address_count_remove(address_counts *counts, const mu_address *address);

/* ---- log.c ---- */

typedef struct refusal_log {
    mu_timer timer;      /* set while a second is being counted */
    int lines;           /* in this second */
    uint64_t suppressed; /* in this second */
} refusal_log;

/** A refused handshake (verdict) or connection (verdict NULL: over a limit). */
void refusal_log_write(worker *w, const mu_verdict *verdict, const mu_address *peer);
void refusal_log_init(worker *w);
/** Says how many lines were left out, if any. */
void refusal_log_flush(refusal_log *log);

/* ---- worker.c ---- */

typedef struct listening {
    mu_watch watch;
    worker *worker;
} listening;

struct worker {
    mu_server *server;
    int index;
    pthread_t thread;
    mu_loop *loop;
    OSSL_LIB_CTX *libctx;
    mu_tls_ctx *tls;
    listening *listening; /* as many as the server has listeners */
    mu_timer resume;      /* set while accepting is paused for want of descriptors */
    mu_timer grace;
    conn *conns;
    long conn_count;
    address_counts addresses;
    refusal_log log;
    bool stopping;
};

int worker_init(worker *w, mu_server *server, int index, mu_err **err);
void worker_free(worker *w);
/** Watch the listeners. @return 0 or -1 with errno */
int worker_listen(worker *w);
void *worker_main(void *arg);
/** A connection has ended: the worker may be waiting for it. */
void worker_conn_gone(worker *w);

/* ---- conn.c ---- */

/** Takes the descriptor. @return false when out of memory; the descriptor is then closed */
bool conn_start(worker *w, int fd, const mu_address *peer);
/** The server stops: finish what runs, close if there is nothing. */
void conn_stop(conn *c);
conn *conn_next(conn *c);
/** At once. */
void conn_free(conn *c);

/* ---- server.c ---- */

struct mu_server {
    mu_server_config config; /* defaults filled in */
    char *respond;
    int root_fd;             /* -1: none */
    mu_listener **listeners;
    size_t listener_count;
    worker *workers;
    int worker_count, started;
};

#endif
