/* modhost/counter.h: service "mh.counter/1": named counters and gauges, shown by get_statistics as `module:name = value`. */
#ifndef MODHOST_COUNTER_H
#define MODHOST_COUNTER_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MH_COUNTER 0u /* only grows; reset_statistics sets it to 0 */
#define MH_GAUGE 1u   /* goes up and down; never reset */

typedef struct mh_counter mh_counter; /* opaque; torn down with the module */

#define MH_COUNTER_SERVICE "mh.counter/1"
typedef struct mh_counter_service {
    uint32_t struct_size;
    uint32_t reserved;
    /* Makes a counter, or finds the one of that name that this module made before. Names: [A-Za-z0-9_.:-]+, at most
     * 128 bytes.
     * [thread: any] [phase: init+run] [blocks: no] [owns: name and help are copied; the counter is the host's] */
    int32_t (*create)(mh_self *self, uint32_t kind, mh_str name, mh_str help, mh_counter **counter, const mh_error *err);
    /* Makes a gauge whose value is computed when somebody asks: read runs on any thread and must not block.
     * [thread: any] [phase: init+run] [blocks: no] [owns: name and help are copied; ctx stays the module's] */
    int32_t (*create_computed)(mh_self *self, mh_str name, mh_str help, int64_t (*read)(void *ctx), void *ctx,
                               const mh_error *err);
    /* Adds to it; one atomic addition without a lock. NULL counter: nothing happens.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: nothing] */
    void (*add)(mh_counter *counter, int64_t amount);
    /* Sets a gauge. [thread: any] [phase: init+run+stop] [blocks: no] [owns: nothing] */
    void (*set)(mh_counter *counter, int64_t value);
    /* Reads it. [thread: any] [phase: init+run+stop] [blocks: no] [owns: nothing] */
    int64_t (*get)(mh_counter *counter);
} mh_counter_service;

#ifdef __cplusplus
}
#endif
#endif
