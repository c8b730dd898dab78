#include "net/resolve.h"

#include "base/text.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Shared by the asker and the thread; the last of them frees it. */
struct lookup {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int owners;
    bool done;
    char *host;
    char port[8];
    int rc, errnum;
    struct addrinfo *list;
};

static void release(struct lookup *l)
{
    pthread_mutex_lock(&l->lock);
    bool last = --l->owners == 0;
    pthread_mutex_unlock(&l->lock);
    if (!last)
        return;
    if (l->list)
        freeaddrinfo(l->list);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->changed);
    free(l->host);
    free(l);
}

static void *look_up(void *arg)
{
    struct lookup *l = arg;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *list = NULL;
    int rc = getaddrinfo(l->host, l->port, &hints, &list);
    int errnum = errno;
    pthread_mutex_lock(&l->lock);
    l->rc = rc;
    l->errnum = errnum;
    l->list = rc == 0 ? list : NULL;
    l->done = true;
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->lock);
    release(l);
    return NULL;
}

static struct lookup *new_lookup(const char *host, int port)
{
    struct lookup *l = calloc(1, sizeof *l);
    pthread_condattr_t attr;
    if (!l || !(l->host = mu_strdup(host))) {
        free(l);
        return NULL;
    }
    snprintf(l->port, sizeof l->port, "%d", port);
    l->owners = 1;
    pthread_mutex_init(&l->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&l->changed, &attr);
    pthread_condattr_destroy(&attr);
    return l;
}

static bool start(struct lookup *l)
{
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    l->owners++;
    bool ok = pthread_create(&thread, &attr, look_up, l) == 0;
    if (!ok)
        l->owners--;
    pthread_attr_destroy(&attr);
    return ok;
}

static bool wait_done(struct lookup *l, int64_t timeout_ms)
{
    struct timespec due;
    int rc = 0;
    clock_gettime(CLOCK_MONOTONIC, &due);
    due.tv_sec += timeout_ms / 1000;
    due.tv_nsec += timeout_ms % 1000 * 1000000;
    if (due.tv_nsec >= 1000000000) {
        due.tv_sec++;
        due.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&l->lock);
    while (!l->done && rc == 0)
        rc = pthread_cond_timedwait(&l->changed, &l->lock, &due);
    bool done = l->done;
    pthread_mutex_unlock(&l->lock);
    return done;
}

int mu_resolve(const char *host, int port, int64_t timeout_ms, struct addrinfo **ret_list, mu_err **err)
{
    int rc = -1;
    struct lookup *l = new_lookup(host, port);
    char *safe = mu_escape_dup(host, strlen(host));

    if (!l || !safe || !start(l)) {
        mu_fail_nomem(err);
    } else if (!wait_done(l, timeout_ms)) {
        mu_fail_by(err, MU_E_NAME_NOT_RESOLVED, MU_BY_OS, "\"%s\" was not resolved in time", safe);
    } else if (l->rc != 0) {
        mu_fail_by(err, MU_E_NAME_NOT_RESOLVED, MU_BY_OS, "\"%s\" cannot be resolved", safe);
        mu_err_detail(err, "%s", l->rc == EAI_SYSTEM ? strerror(l->errnum) : gai_strerror(l->rc));
    } else {
        *ret_list = l->list;
        l->list = NULL;
        rc = 0;
    }
    free(safe);
    if (l)
        release(l);
    return rc;
}
