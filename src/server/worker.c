#include "server/server_internal.h"

#include "base/ossl.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define ACCEPTS_A_TURN 32
#define RESUME_MS 100
#define GRACE_MS 5000 /* for running requests when stopping */

static void accept_one(worker *w, int fd, const mu_address *peer)
{
    const mu_server_config *config = &w->server->config;

    if (w->conn_count >= config->max_connections || !address_count_add(&w->addresses, peer, config->max_connections_per_address)) {
        refusal_log_write(w, NULL, peer);
        close(fd);
        return;
    }
    w->conn_count++;
    if (!conn_start(w, fd, peer)) {
        address_count_remove(&w->addresses, peer);
        w->conn_count--;
    }
}

static void watch_listeners(worker *w, bool on)
{
    for (size_t i = 0; i < w->server->listener_count; i++) {
        mu_watch *watch = &w->listening[i].watch;
        if (on)
            mu_loop_add(w->loop, watch, MU_WATCH_LISTEN);
        else
            mu_loop_remove(w->loop, watch);
    }
}

static void resume(void *arg)
{
    worker *w = arg;
    if (!w->stopping)
        watch_listeners(w, true);
}

/* Without a free descriptor accept fails and the listener stays ready: waiting a little is better than spinning. */
static void pause_accepting(worker *w)
{
    if (mu_loop_set_timer(w->loop, &w->resume, RESUME_MS) == 0)
        watch_listeners(w, false);
}

static bool is_exhaustion(int errnum)
{
    return errnum == EMFILE || errnum == ENFILE || errnum == ENOBUFS || errnum == ENOMEM;
}

static void accept_some(void *arg)
{
    listening *l = arg;

    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        mu_address peer = {.len = sizeof peer.storage};
        int fd = accept4(l->watch.fd, (struct sockaddr *)&peer.storage, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
            accept_one(l->worker, fd, &peer);
        else if (is_exhaustion(errno))
            return pause_accepting(l->worker);
        else if (errno == EAGAIN || errno == EBADF)
            return;
        /* anything else is the fate of one connection (accept(2)): the next one may be fine */
    }
}

static void grace_over(void *arg)
{
    worker *w = arg;
    for (conn *c = w->conns, *next; c; c = next) {
        next = conn_next(c);
        conn_free(c);
    }
}

/* Those who have connected are served; nobody else gets in. */
static void stop(void *arg)
{
    worker *w = arg;

    if (w->stopping)
        return;
    watch_listeners(w, false);
    mu_loop_cancel_timer(w->loop, &w->resume);
    for (size_t i = 0; i < w->server->listener_count; i++) {
        accept_some(&w->listening[i]);
        mu_listener_close_one(w->server->listeners[i], w->index);
    }
    mu_loop_cancel_timer(w->loop, &w->resume);
    w->stopping = true;
    if (mu_loop_set_timer(w->loop, &w->grace, GRACE_MS) < 0)
        grace_over(w);
    for (conn *c = w->conns, *next; c; c = next) {
        next = conn_next(c);
        conn_stop(c);
    }
    if (!w->conns)
        mu_loop_quit(w->loop);
}

void worker_conn_gone(worker *w)
{
    if (w->stopping && !w->conns)
        mu_loop_quit(w->loop);
}

static int init_tls(worker *w, mu_err **err)
{
    const mu_server_config *config = &w->server->config;
    mu_identity *identity = NULL;
    mu_trust *trust = NULL;
    int rc = -1;

    if (mu_ossl_ctx_new(&w->libctx, err) == 0 && mu_identity_clone(config->identity, w->libctx, &identity, err) == 0 &&
        (!config->trust || mu_trust_clone(config->trust, w->libctx, &trust, err) == 0))
        rc = mu_tls_ctx_new(w->libctx, MU_SIDE_SERVER, identity, trust, &config->tls, &w->tls, err);
    mu_identity_free(identity);
    mu_trust_free(trust);
    return rc;
}

int worker_init(worker *w, mu_server *server, int index, mu_err **err)
{
    w->server = server;
    w->index = index;
    w->resume = (mu_timer){.fire = resume, .arg = w};
    w->grace = (mu_timer){.fire = grace_over, .arg = w};
    refusal_log_init(w);
    if (!(w->listening = calloc(server->config.listen_count, sizeof *w->listening)))
        return mu_fail_nomem(err);
    if (mu_loop_new(&w->loop, err) < 0)
        return -1;
    mu_loop_on_wake(w->loop, stop, w);
    return init_tls(w, err);
}

int worker_listen(worker *w)
{
    for (size_t i = 0; i < w->server->listener_count; i++) {
        listening *l = &w->listening[i];
        l->worker = w;
        l->watch = (mu_watch){.fd = mu_listener_fd(w->server->listeners[i], w->index), .ready = accept_some, .arg = l};
        if (mu_loop_add(w->loop, &l->watch, MU_WATCH_LISTEN) < 0)
            return -1;
    }
    return 0;
}

void *worker_main(void *arg)
{
    worker *w = arg;
    mu_loop_run(w->loop);
    refusal_log_flush(&w->log);
    return NULL;
}

void worker_free(worker *w)
{
    mu_tls_ctx_free(w->tls);
    OSSL_LIB_CTX_free(w->libctx);
    mu_loop_free(w->loop);
    free(w->listening);
}
