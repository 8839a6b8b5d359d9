/* The count: one 64-bit number that any thread may change without a lock.
 *
 * The __atomic builtins of gcc and clang are used because they mean the same in C and C++. */
#include "counter.h"

static int64_t count;
static int64_t step = 1;

int64_t counter_value(void) {
    return __atomic_load_n(&count, __ATOMIC_RELAXED);
}

void counter_set(int64_t value) {
    __atomic_store_n(&count, value, __ATOMIC_RELAXED);
}

int64_t counter_reset(void) {
    return __atomic_exchange_n(&count, counter_settings_.start, __ATOMIC_RELAXED);
}

int32_t counter_add(int64_t amount, int64_t *value) {
    int64_t before = counter_value();
    int64_t after;
    do {
        if (__builtin_add_overflow(before, amount, &after)) return MH_E_LIMIT;
    } while (!__atomic_compare_exchange_n(&count, &before, after, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    *value = after;
    return MH_OK;
}

int64_t counter_step(void) {
    return __atomic_load_n(&step, __ATOMIC_RELAXED);
}

void counter_set_step(int64_t value) {
    __atomic_store_n(&step, value, __ATOMIC_RELAXED);
}
