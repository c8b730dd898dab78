/** Timers: a heap ordered by due time. Knows no clock. */
#ifndef MU_NET_TIMER_H
#define MU_NET_TIMER_H

#include <stddef.h>
#include <stdint.h>

/** Belongs to its user, who sets fire and arg and keeps it in place while it is set. Zeroed otherwise. */
typedef struct mu_timer {
    void (*fire)(void *arg);
    void *arg;
    int64_t due_ms;
    size_t slot; /* 0: not set */
} mu_timer;

typedef struct mu_timers {
    mu_timer **heap; /* from 1 */
    size_t count, cap;
} mu_timers;

/** Set or move. Moving a timer that is set cannot fail. @return 0, or -1 when out of memory */
int mu_timers_set(mu_timers *timers, mu_timer *timer, int64_t due_ms);
void mu_timers_cancel(mu_timers *timers, mu_timer *timer);
/** When the next one is due; INT64_MAX if none is set. */
int64_t mu_timers_next_ms(const mu_timers *timers);
/** Fire everything that is due, earliest first. A timer is no longer set when it fires; it may set any timer again, for later. */
void mu_timers_run(mu_timers *timers, int64_t now_ms);
void mu_timers_free(mu_timers *timers);

#endif
