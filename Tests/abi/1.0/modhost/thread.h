/* modhost/thread.h: service "mh.thread/1": which thread is this.
 *
 * Index 0 is main, 1...N are the workers, N+1 is management, N+2... are pool threads; a thread that a module started
 * itself gets an index of its own at its first call, from the same sequence, and gives it back when it ends. The
 * index is what Kamailio calls the process number. */
#ifndef MODHOST_THREAD_H
#define MODHOST_THREAD_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MH_THREAD_MAIN 0u
#define MH_THREAD_WORKER 1u
#define MH_THREAD_MANAGEMENT 2u
#define MH_THREAD_POOL 3u
#define MH_THREAD_FOREIGN 4u
#define MH_THREAD_NONE 0xFFFFFFFFu /* more threads than `limit`: this one has no index */

#define MH_THREAD_SERVICE "mh.thread/1"
typedef struct mh_thread_service {
    uint32_t struct_size;
    uint32_t reserved;
    /* The calling thread's index; stable for its life; costs a thread-local load.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: nothing] */
    uint32_t (*index)(mh_self *self);
    /* The calling thread's kind, MH_THREAD_MAIN ... MH_THREAD_FOREIGN.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: nothing] */
    uint32_t (*kind)(mh_self *self);
    /* How many workers there are, N; their indexes are 1...N.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: nothing] */
    uint32_t (*workers)(mh_self *self);
    /* One more than the greatest index that any thread can get; fixed for the process, so per-thread tables can be
     * made in init.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: nothing] */
    uint32_t (*limit)(mh_self *self);
} mh_thread_service;

#ifdef __cplusplus
}
#endif
#endif
