/* Counters and levels: atomics in memory that is never freed, so a module may touch them at any time. */
#define _GNU_SOURCE
#include "chost.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct mh_counter {
    _Atomic int64_t value;
    char apart[56]; /* a cache line each: two hot counters must not share one */
};

mh_counter *chost_counter_make(void) {
    mh_counter *counter = aligned_alloc(64, sizeof *counter);
    if (counter) memset(counter, 0, sizeof *counter);
    return counter;
}

void chost_counter_add(mh_counter *counter, int64_t amount) {
    if (counter) atomic_fetch_add_explicit(&counter->value, amount, memory_order_relaxed);
}

void chost_counter_set(mh_counter *counter, int64_t value) {
    if (counter) atomic_store_explicit(&counter->value, value, memory_order_relaxed);
}

int64_t chost_counter_get(mh_counter *counter) {
    return counter ? atomic_load_explicit(&counter->value, memory_order_relaxed) : 0;
}

volatile int32_t *chost_level_make(int32_t level) {
    _Atomic int32_t *cell = malloc(sizeof *cell);
    if (cell) atomic_init(cell, level);
    return (volatile int32_t *)cell;
}

void chost_level_set(volatile int32_t *level, int32_t value) {
    atomic_store_explicit((_Atomic int32_t *)level, value, memory_order_relaxed);
}

int32_t chost_level_get(const volatile int32_t *level) {
    return atomic_load_explicit((const _Atomic int32_t *)level, memory_order_relaxed);
}
