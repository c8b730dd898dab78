/**
 * The event loop of one thread: epoll, edge-triggered, each descriptor registered once for both directions. Whoever is told that a
 * descriptor is ready does all it can until it would block, or asks for another turn (mu_loop_defer).
 * Everything but mu_loop_wake is for the loop's own thread.
 */
#ifndef MU_NET_LOOP_H
#define MU_NET_LOOP_H

#include "net/timer.h"
#include <mutual/err.h>

typedef struct mu_loop mu_loop;

/** Belongs to its user, who sets fd, ready and arg. Zeroed otherwise. */
typedef struct mu_watch mu_watch;
struct mu_watch {
    int fd;
    void (*ready)(void *arg);
    void *arg;
    mu_watch *next, *prev; /* deferred ones */
    bool deferred;
};

typedef enum mu_watch_kind {
    MU_WATCH_STREAM, /* edge-triggered, both directions */
    MU_WATCH_LISTEN  /* level-triggered, one thread woken if several watch the same socket */
} mu_watch_kind;

/** @return 0, or -1 with MU_E_OUT_OF_MEMORY or MU_E_INTERNAL (no descriptors) */
int mu_loop_new(mu_loop **ret_loop, mu_err **err);
void mu_loop_free(mu_loop *loop);

/** @return 0, or -1 with errno set */
int mu_loop_add(mu_loop *loop, mu_watch *watch, mu_watch_kind kind);
/** Before the descriptor is closed. Its ready is not called afterwards, not even for events that have already been fetched. */
void mu_loop_remove(mu_loop *loop, mu_watch *watch);
/** Call ready once more after all others had their turn. */
void mu_loop_defer(mu_loop *loop, mu_watch *watch);

/** Set or move a timer; delay_ms from now, at least 1. @return 0, or -1 when out of memory */
int mu_loop_set_timer(mu_loop *loop, mu_timer *timer, int64_t delay_ms);
void mu_loop_cancel_timer(mu_loop *loop, mu_timer *timer);

/** Run until mu_loop_quit. */
void mu_loop_run(mu_loop *loop);
void mu_loop_quit(mu_loop *loop);

/** From any thread: on_wake is called in the loop's thread, once for one or more calls. */
void mu_loop_wake(mu_loop *loop);
void mu_loop_on_wake(mu_loop *loop, void (*on_wake)(void *arg), void *arg);

#endif
