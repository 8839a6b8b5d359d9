/* modhost/timestore.h: the interface "mh.timestore/1": records of time and value by UUID, as module timestore keeps them.
 *
 * A consumer requires "mh.timestore/1" with selector "timestore" and acquires it in init. Records travel as on timestore's
 * wire and in its files, 8 bytes each: a time, uint32_t, seconds since 1970, then a value, IEEE-754 single, both
 * little-endian. A UUID is 36 characters, 8-4-4-4-12 hexadecimal digits. The functions wait for the worker that owns the
 * series, and for the disk where `sync` says so: on a worker they answer MH_E_STATE, call them from mh.loop/1 offload
 * there. */
#ifndef MODHOST_TIMESTORE_H
#define MODHOST_TIMESTORE_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MH_TIMESTORE_INTERFACE "mh.timestore/1"

/* Which records to read, and who gets them. */
typedef struct mh_timestore_range {
    uint32_t struct_size;
    uint32_t reserved;
    mh_str uuid;
    uint32_t start; /* seconds since 1970; both ends are included */
    uint32_t end;
    void *ctx;
    /* Some of the records, in ascending order of time, those of equal time as they were stored; bytes is a multiple of 8
     * long. A non-zero return ends the reading. [thread: caller] [phase: run] [blocks: yes]
     * [owns: bytes are borrowed for the call] */
    int32_t (*records)(void *ctx, mh_str bytes);
} mh_timestore_range;

/* The table of functions. ctx is that of the interface. */
typedef struct mh_timestore_interface {
    uint32_t struct_size;
    uint32_t reserved;
    /* Stores records, in any order of time; bytes is a multiple of 8 long. When it answers MH_OK all are as safe as `sync`
     * promises; *stored (may be NULL) says how many of the first are stored, also after an error.
     * [thread: any] [phase: run] [blocks: yes] [owns: uuid and bytes are borrowed for the call] */
    int32_t (*append)(void *ctx, mh_str uuid, mh_str bytes, uint64_t *stored, const mh_error *err);
    /* Reads a range in pieces; *found (may be NULL) is the number of its records, known before the first piece comes.
     * [thread: any] [phase: run] [blocks: yes] [owns: range is borrowed for the call] */
    int32_t (*read)(void *ctx, const mh_timestore_range *range, uint64_t *found, const mh_error *err);
} mh_timestore_interface;

#ifdef __cplusplus
}
#endif
#endif
