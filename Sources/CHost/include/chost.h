/* What the host needs from C: thread-locals that cost one load, atomics in memory that modules see, a signal handler that may
 * only call async-signal-safe functions, and calls that Swift cannot reach (variadic or behind _GNU_SOURCE). */
#ifndef CHOST_H
#define CHOST_H

#include <modhost/modhost.h>
#include <stddef.h>
#include <stdint.h>

/* ---- the guard: which module and callback this thread is in ---- */

typedef struct chost_frame {
    const char *module;   /* NUL-terminated, static; NULL: the host itself */
    const char *callback; /* NUL-terminated, static */
} chost_frame;

/* The thread's frame, and the copy of it that other threads may look at; NULL: nobody may. */
extern _Thread_local chost_frame chost_frame_here;
extern _Thread_local chost_frame *chost_frame_shown;

/* Makes this the thread's frame. Two relaxed stores for the others: one of them may see a module of one call and a callback of the
 * next, which is good enough for a list of threads. */
static inline void chost_be_in(chost_frame frame) {
    chost_frame *shown = chost_frame_shown;
    chost_frame_here = frame;
    if (!shown) return;
    __atomic_store_n(&shown->module, frame.module, __ATOMIC_RELAXED);
    __atomic_store_n(&shown->callback, frame.callback, __ATOMIC_RELAXED);
}

/* Enters module code on this thread; returns the frame to go back to. */
static inline chost_frame chost_enter(const char *module, const char *callback) {
    chost_frame previous = chost_frame_here;
    chost_be_in((chost_frame){module, callback});
    return previous;
}
/* Leaves it. */
static inline void chost_leave(chost_frame previous) { chost_be_in(previous); }
/* Where this thread is now. */
chost_frame chost_current(void);

/* ---- thread index ---- */

uint32_t chost_thread_index(void); /* MH_THREAD_NONE before chost_thread_set */
uint32_t chost_thread_kind(void);
/* Names the calling thread (shown by ps -L) and gives it an alternate signal stack. */
void chost_thread_set(uint32_t index, uint32_t kind, const char *name);
/* Has `ended(index)` called when the calling thread, one that the host did not make, ends. */
void chost_thread_at_exit(void (*ended)(uint32_t index));

/* CPU time of a thread of this process in nanoseconds, by its kernel id; negative when it is gone. */
int64_t chost_thread_cpu(int32_t kernel_id);
int32_t chost_thread_kernel_id(void);
/* What the thread of that index is in now: a racy look for `ps`, never dereferenced data. */
chost_frame chost_frame_of(uint32_t index);

/* ---- counters ---- */

mh_counter *chost_counter_make(void);
void chost_counter_add(mh_counter *counter, int64_t amount);
void chost_counter_set(mh_counter *counter, int64_t value);
int64_t chost_counter_get(mh_counter *counter);

/* ---- levels, read by modules without a call ---- */

volatile int32_t *chost_level_make(int32_t level);
void chost_level_set(volatile int32_t *level, int32_t value);
int32_t chost_level_get(const volatile int32_t *level);

/* ---- signals and waiting ---- */

/* Blocks SIGTERM, SIGINT and SIGHUP in this thread and those it starts, ignores SIGPIPE, and returns a descriptor that
 * reads them. Negative errno on failure. */
int32_t chost_signals_open(void);
/* The next pending signal, or 0. */
int32_t chost_signals_next(int32_t descriptor);
/* A descriptor that wakes a poll. */
int32_t chost_wake_open(void);
void chost_wake(int32_t descriptor);
void chost_wake_clear(int32_t descriptor);

/* Prints "modhost crashed in module M, callback C, thread N" on a fatal signal, before the handlers that were there (Swift's
 * backtrace). */
void chost_crash_report_install(const char *version);

/* ---- epoll, which Swift's Glibc module leaves out ---- */

typedef struct chost_ready {
    uint64_t id;
    uint32_t events; /* MH_WATCH_... */
} chost_ready;

int32_t chost_poller_open(void); /* a descriptor, or negative errno */
/* Waits for events (MH_WATCH_...) once; 0 or an errno. */
int32_t chost_poller_add(int32_t poller, int32_t descriptor, uint32_t events, uint64_t id);
/* Waits once more; fires at once when it is ready already. */
int32_t chost_poller_arm(int32_t poller, int32_t descriptor, uint32_t events, uint64_t id);
void chost_poller_remove(int32_t poller, int32_t descriptor);
/* Blocks until something is ready; how many, or negative errno. */
int32_t chost_poller_wait(int32_t poller, chost_ready *ready, int32_t count);

/* ---- calls that Swift cannot make ---- */

void chost_syslog_open(const char *identity);
void chost_syslog(int32_t priority, const char *text);
/* preadv2 with RWF_NOWAIT: bytes, 0 at the end, or negative errno; -EAGAIN when the page cache does not hold it. */
int64_t chost_read_cached(int32_t descriptor, void *bytes, size_t count, int64_t offset);
int64_t chost_clock_coarse(void); /* CLOCK_MONOTONIC_COARSE, ns */
int64_t chost_clock(void);        /* CLOCK_MONOTONIC, ns */

#endif
