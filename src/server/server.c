#include "server/server_internal.h"

#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void set_default(int64_t *value_ms, int64_t default_ms)
{
    if (*value_ms <= 0)
        *value_ms = default_ms;
}

static void fill_defaults(mu_server_config *config)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (config->workers <= 0)
        config->workers = processors > 0 ? (int)processors : 1;
    set_default(&config->handshake_timeout_ms, 10000);
    set_default(&config->head_timeout_ms, 10000);
    set_default(&config->idle_timeout_ms, 60000);
    if (config->max_connections <= 0)
        config->max_connections = 10000;
    if (config->max_connections_per_address <= 0)
        config->max_connections_per_address = 1024;
}

static int check_trust(const mu_server_config *config, mu_err **err)
{
    if (config->tls.client_auth == MU_CLIENT_AUTH_NONE || (config->trust && mu_trust_count(config->trust) > 0))
        return 0;
    mu_fail_by(err, MU_E_TRUSTSTORE_EMPTY, MU_BY_CALLER, "client certificates are asked for, but nobody is trusted to issue them");
    return mu_err_hint(err, "Name the issuing CA with --trust-store or --trust-certificate, or say --client-auth none.");
}

static int open_root(mu_server *server, mu_err **err)
{
    server->root_fd = -1;
    if (!server->config.root || (server->root_fd = open(server->config.root, O_PATH | O_DIRECTORY | O_CLOEXEC)) >= 0)
        return 0;
    return mu_fail_errno(err, errno == EACCES ? MU_E_FILE_PERMISSION : MU_E_STORE_NOT_FOUND, errno,
                         "cannot serve files from \"%s\"", server->config.root);
}

/* One after the other, because OpenSSL reads its configuration into process-wide variables. */
static int init_workers(mu_server *server, mu_err **err)
{
    if (!(server->workers = calloc((size_t)server->config.workers, sizeof *server->workers)))
        return mu_fail_nomem(err);
    while (server->worker_count < server->config.workers) {
        int index = server->worker_count++;
        if (worker_init(&server->workers[index], server, index, err) < 0)
            return -1;
    }
    return 0;
}

static int open_listeners(mu_server *server, mu_err **err)
{
    size_t count = server->config.listen_count;

    if (!(server->listeners = calloc(count, sizeof *server->listeners)))
        return mu_fail_nomem(err);
    for (; server->listener_count < count; server->listener_count++)
        if (mu_listener_open(&server->config.listen[server->listener_count], server->worker_count,
                             &server->listeners[server->listener_count], err) < 0)
            return -1;
    return 0;
}

int mu_server_new(const mu_server_config *config, mu_server **ret_server, mu_err **err)
{
    mu_server *server;

    if (check_trust(config, err) < 0)
        return -1;
    if (!(server = calloc(1, sizeof *server)))
        return mu_fail_nomem(err);
    server->config = *config;
    fill_defaults(&server->config);
    server->respond = mu_strdup(config->respond ? config->respond : "OK");
    if (!server->respond)
        mu_fail_nomem(err);
    if (!server->respond || open_root(server, err) < 0 || init_workers(server, err) < 0 || open_listeners(server, err) < 0) {
        mu_server_free(server);
        return -1;
    }
    /* what was borrowed for this call */
    server->config.listen = NULL;
    server->config.identity = NULL;
    server->config.trust = NULL;
    server->config.root = server->config.respond = NULL;
    server->config.tls = (mu_tls_settings){0};
    *ret_server = server;
    return 0;
}

int mu_server_start(mu_server *server, mu_err **err)
{
    sigset_t all, before;
    int rc = 0;

    /* signals belong to the thread that started us */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (; server->started < server->worker_count && rc == 0; server->started += rc == 0) {
        worker *w = &server->workers[server->started];
        if (worker_listen(w) < 0)
            rc = mu_fail_errno(err, MU_E_INTERNAL, errno, "cannot watch the listening sockets");
        else if ((errno = pthread_create(&w->thread, NULL, worker_main, w)) != 0)
            rc = mu_fail_errno(err, MU_E_INTERNAL, errno, "cannot start a thread");
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc < 0)
        mu_server_stop(server);
    return rc;
}

void mu_server_stop(mu_server *server)
{
    for (int i = 0; i < server->started; i++)
        mu_loop_wake(server->workers[i].loop);
    for (int i = 0; i < server->started; i++)
        pthread_join(server->workers[i].thread, NULL);
    server->started = 0;
}

void mu_server_free(mu_server *server)
{
    if (!server)
        return;
    mu_server_stop(server);
    for (int i = 0; i < server->worker_count; i++)
        worker_free(&server->workers[i]);
    for (size_t i = 0; i < server->listener_count; i++)
        mu_listener_free(server->listeners[i]);
    if (server->root_fd >= 0)
        close(server->root_fd);
    free(server->listeners);
    free(server->workers);
    free(server->respond);
    free(server);
}

const mu_address *mu_server_address(const mu_server *server, size_t index)
{
    return index < server->listener_count ? mu_listener_address(server->listeners[index]) : NULL;
}
