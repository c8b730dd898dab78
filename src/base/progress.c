#include "base/term.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 500

static pthread_t watcher;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static bool running, finished;

static void *watch(void *what)
{
    struct timespec until;
    bool shown = false;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PATIENCE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&mutex);
    while (!finished) {
        if (shown)
            pthread_cond_wait(&ended, &mutex);
        else if (pthread_cond_timedwait(&ended, &mutex, &until) != 0) {
            fprintf(stderr, "%s …", (const char *)what);
            shown = true;
        }
    }
    pthread_mutex_unlock(&mutex);
    if (shown)
        fputs("\r\033[K", stderr);
    return NULL;
}

void mu_progress_begin(const char *what)
{
    sigset_t all, before;
    if (running || !isatty(STDERR_FILENO))
        return;
    finished = false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals stay with the thread that works */
    running = pthread_create(&watcher, NULL, watch, (void *)what) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void mu_progress_end(void)
{
    if (!running)
        return;
    pthread_mutex_lock(&mutex);
    finished = true;
    pthread_cond_signal(&ended);
    pthread_mutex_unlock(&mutex);
    pthread_join(watcher, NULL);
    running = false;
}
