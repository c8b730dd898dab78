#include "net/loop.h"

#include "base/clock.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BATCH 128

struct mu_loop {
    int epoll_fd;
    mu_watch waker;
    void (*on_wake)(void *arg);
    void *wake_arg;
    mu_timers timers;
    struct epoll_event events[BATCH];
    int event_at, event_count;
    mu_watch *first, *last; /* deferred */
    size_t deferred_count;
    bool quit;
};

static void woken(void *arg)
{
    mu_loop *loop = arg;
    uint64_t count;

    if (read(loop->waker.fd, &count, sizeof count) > 0 && loop->on_wake)
        loop->on_wake(loop->wake_arg);
}

int mu_loop_new(mu_loop **ret_loop, mu_err **err)
{
    mu_loop *loop = calloc(1, sizeof *loop);

    if (!loop)
        return mu_fail_nomem(err);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->waker = (mu_watch){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = woken, .arg = loop};
    if (loop->epoll_fd < 0 || loop->waker.fd < 0 || mu_loop_add(loop, &loop->waker, MU_WATCH_STREAM) < 0) {
        mu_fail_errno(err, MU_E_INTERNAL, errno, "cannot make an event loop");
        mu_loop_free(loop);
        return -1;
    }
    *ret_loop = loop;
    return 0;
}

void mu_loop_free(mu_loop *loop)
{
    if (!loop)
        return;
    if (loop->waker.fd >= 0)
        close(loop->waker.fd);
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    mu_timers_free(&loop->timers);
    free(loop);
}

int mu_loop_add(mu_loop *loop, mu_watch *watch, mu_watch_kind kind)
{
    struct epoll_event event = {.data.ptr = watch};

    event.events = kind == MU_WATCH_LISTEN ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event);
}

static void undefer(mu_loop *loop, mu_watch *watch)
{
    if (!watch->deferred)
        return;
    *(watch->prev ? &watch->prev->next : &loop->first) = watch->next;
    *(watch->next ? &watch->next->prev : &loop->last) = watch->prev;
    watch->next = watch->prev = NULL;
    watch->deferred = false;
    loop->deferred_count--;
}

void mu_loop_remove(mu_loop *loop, mu_watch *watch)
{
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    for (int i = loop->event_at; i < loop->event_count; i++)
        if (loop->events[i].data.ptr == watch)
            loop->events[i].data.ptr = NULL;
    undefer(loop, watch);
}

void mu_loop_defer(mu_loop *loop, mu_watch *watch)
{
    if (watch->deferred)
        return;
    watch->deferred = true;
    watch->prev = loop->last;
    watch->next = NULL;
    *(loop->last ? &loop->last->next : &loop->first) = watch;
    loop->last = watch;
    loop->deferred_count++;
}

int mu_loop_set_timer(mu_loop *loop, mu_timer *timer, int64_t delay_ms)
{
    return mu_timers_set(&loop->timers, timer, mu_mono_ms() + (delay_ms < 1 ? 1 : delay_ms));
}

void mu_loop_cancel_timer(mu_loop *loop, mu_timer *timer)
{
    mu_timers_cancel(&loop->timers, timer);
}

static int wait_ms(const mu_loop *loop)
{
    int64_t next_ms = mu_timers_next_ms(&loop->timers), left_ms;

    if (loop->first)
        return 0;
    if (next_ms == INT64_MAX)
        return -1;
    left_ms = next_ms - mu_mono_ms();
    return left_ms < 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

/* Those that are deferred while this runs wait for the next round. */
static void run_deferred(mu_loop *loop)
{
    for (size_t left = loop->deferred_count; left && loop->first; left--) {
        mu_watch *watch = loop->first;
        undefer(loop, watch);
        watch->ready(watch->arg);
    }
}

void mu_loop_run(mu_loop *loop)
{
    while (!loop->quit) {
        int count = epoll_wait(loop->epoll_fd, loop->events, BATCH, wait_ms(loop));

        loop->event_count = count < 0 ? 0 : count;
        for (loop->event_at = 0; loop->event_at < loop->event_count;) {
            mu_watch *watch = loop->events[loop->event_at++].data.ptr;
            if (watch)
                watch->ready(watch->arg);
        }
        loop->event_at = loop->event_count = 0;
        run_deferred(loop);
        mu_timers_run(&loop->timers, mu_mono_ms());
    }
}

void mu_loop_quit(mu_loop *loop)
{
    loop->quit = true;
}

void mu_loop_wake(mu_loop *loop)
{
    uint64_t one = 1;
    if (write(loop->waker.fd, &one, sizeof one) < 0)
        return; /* EAGAIN: it is being woken already */
}

void mu_loop_on_wake(mu_loop *loop, void (*on_wake)(void *arg), void *arg)
{
    loop->on_wake = on_wake;
    loop->wake_arg = arg;
}
