#include "net/timer.h"

#include <stdlib.h>

static void put(mu_timers *timers, size_t slot, mu_timer *timer)
{
    timers->heap[slot] = timer;
    timer->slot = slot;
}

/* Move the timer up or down from `slot` until the heap is in order again. */
static void settle(mu_timers *timers, size_t slot, mu_timer *timer)
{
    while (slot > 1 && timers->heap[slot / 2]->due_ms > timer->due_ms) {
        put(timers, slot, timers->heap[slot / 2]);
        slot /= 2;
    }
    for (;;) {
        size_t child = 2 * slot;
        if (child < timers->count && timers->heap[child + 1]->due_ms < timers->heap[child]->due_ms)
            child++;
        if (child > timers->count || timers->heap[child]->due_ms >= timer->due_ms)
            break;
        put(timers, slot, timers->heap[child]);
        slot = child;
    }
    put(timers, slot, timer);
}

int mu_timers_set(mu_timers *timers, mu_timer *timer, int64_t due_ms)
{
    timer->due_ms = due_ms;
    if (timer->slot) {
        settle(timers, timer->slot, timer);
        return 0;
    }
    if (timers->count + 1 >= timers->cap) {
        size_t cap = timers->cap ? 2 * timers->cap : 64;
        mu_timer **heap = realloc(timers->heap, cap * sizeof *heap);
        if (!heap)
            return -1;
        timers->heap = heap;
        timers->cap = cap;
    }
    settle(timers, ++timers->count, timer);
    return 0;
}

void mu_timers_cancel(mu_timers *timers, mu_timer *timer)
{
    size_t slot = timer->slot;
    mu_timer *last;

    if (!slot)
        return;
    timer->slot = 0;
    last = timers->heap[timers->count--];
    if (last != timer)
        settle(timers, slot, last);
}

int64_t mu_timers_next_ms(const mu_timers *timers)
{
    return timers->count ? timers->heap[1]->due_ms : INT64_MAX;
}

void mu_timers_run(mu_timers *timers, int64_t now_ms)
{
    while (timers->count && timers->heap[1]->due_ms <= now_ms) {
        mu_timer *timer = timers->heap[1];
        mu_timers_cancel(timers, timer);
        timer->fire(timer->arg);
    }
}

void mu_timers_free(mu_timers *timers)
{
    free(timers->heap);
    *timers = (mu_timers){0};
}
