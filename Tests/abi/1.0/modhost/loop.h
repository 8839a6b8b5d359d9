/* modhost/loop.h: service "mh.loop/1": timers, descriptors, work for a worker, and work that may block.
 *
 * A worker runs one callback at a time, so what lives on one worker needs no lock. Timers and watches are tasks: `cancel`
 * may come from any thread; after it exactly one `gone` arrives on the task's worker, and nothing after that. Tasks
 * that are left when the module stops are cancelled by the host. */
#ifndef MODHOST_LOOP_H
#define MODHOST_LOOP_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MH_WORKER_ANY 0xFFFFFFFFu     /* the host picks one, in turn */
#define MH_WORKER_CURRENT 0xFFFFFFFEu /* the calling worker; MH_E_STATE on another thread */
#define MH_WORKER_MANAGEMENT 0xFFFFFFFDu /* the management thread's loop: for transports, whose requests then need no hop */
#define MH_MAIN_THREAD 0u             /* for post only */

#define MH_WATCH_READ 0x01u
#define MH_WATCH_WRITE 0x02u
#define MH_WATCH_ERROR 0x04u /* reported, never asked for: error or hang-up */

typedef struct mh_task mh_task; /* opaque; valid until its gone has returned */

typedef struct mh_timer_options {
    uint32_t struct_size;
    uint32_t worker;  /* 1...N, MH_WORKER_ANY, MH_WORKER_CURRENT or MH_WORKER_MANAGEMENT */
    int64_t first;    /* nanoseconds from now, 0 or more */
    int64_t interval; /* nanoseconds; 0: once. Ticks that were missed are not made up for */
    void *ctx;
    /* Runs at each tick. [thread: worker] [phase: run] [blocks: no] [owns: nothing] */
    void (*fire)(void *ctx);
    /* Runs once, last: after cancel, or after the one tick of a single timer; frees ctx. May be NULL.
     * [thread: worker] [phase: run+stop] [blocks: no] [owns: nothing] */
    void (*gone)(void *ctx);
} mh_timer_options;

typedef struct mh_watch_options {
    uint32_t struct_size;
    uint32_t worker;
    int32_t descriptor; /* stays the module's, which must keep it open until gone */
    uint32_t events;    /* MH_WATCH_READ, MH_WATCH_WRITE or both; level-triggered */
    void *ctx;
    /* Runs whenever the descriptor is ready, until cancelled. [thread: worker] [phase: run] [blocks: no] [owns: nothing] */
    void (*ready)(void *ctx, uint32_t events);
    /* Runs once, last, after cancel; may be NULL. [thread: worker] [phase: run+stop] [blocks: no] [owns: nothing] */
    void (*gone)(void *ctx);
} mh_watch_options;

typedef struct mh_offload_options {
    uint32_t struct_size;
    uint32_t worker; /* where done runs: 1...N, MH_WORKER_ANY, MH_WORKER_CURRENT or MH_MAIN_THREAD */
    void *ctx;
    /* Does the blocking work. [thread: any] [phase: run+stop] [blocks: yes] [owns: nothing] */
    void (*work)(void *ctx);
    /* Runs afterwards; may be NULL. [thread: worker] [phase: run+stop] [blocks: no] [owns: nothing] */
    void (*done)(void *ctx);
} mh_offload_options;

#define MH_LOOP_SERVICE "mh.loop/1"
typedef struct mh_loop_service {
    uint32_t struct_size;
    uint32_t reserved;
    /* The monotonic clock, nanoseconds. [thread: any] [phase: init+run+stop] [blocks: no] [owns: nothing] */
    int64_t (*now)(mh_self *self);
    /* Starts a timer. [thread: any] [phase: init+run] [blocks: no]
     * [owns: options are copied; *task (may be NULL) is the host's] */
    int32_t (*timer)(mh_self *self, const mh_timer_options *options, mh_task **task, const mh_error *err);
    /* Watches a descriptor. [thread: any] [phase: init+run] [blocks: no] [owns: options are copied; *task is the host's] */
    int32_t (*watch)(mh_self *self, const mh_watch_options *options, mh_task **task, const mh_error *err);
    /* Changes what a watch waits for; 0 pauses it. [thread: worker] [phase: run] [blocks: no] [owns: nothing] */
    int32_t (*watch_events)(mh_task *task, uint32_t events);
    /* Ends a timer or watch; `gone` follows exactly once. A second cancel does nothing.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: the task is void after gone] */
    void (*cancel)(mh_task *task);
    /* Calls run(ctx) on a worker, or on main (0), soon and in order of posting; on a worker it must not block.
     * MH_E_STATE after the workers have ended; then nothing runs.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: ctx stays the module's] */
    int32_t (*post)(mh_self *self, uint32_t worker, void (*run)(void *ctx), void *ctx);
    /* Runs blocking work on a pool thread, then `done` on a worker. A module's stop begins after its work is done.
     * [thread: any] [phase: init+run] [blocks: no] [owns: options are copied; ctx stays the module's] */
    int32_t (*offload)(mh_self *self, const mh_offload_options *options, const mh_error *err);
} mh_loop_service;

#ifdef __cplusplus
}
#endif
#endif
