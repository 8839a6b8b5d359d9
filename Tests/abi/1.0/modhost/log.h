/* modhost/log.h: service "mh.log/1": one line of text with a level and structured fields. */
#ifndef MODHOST_LOG_H
#define MODHOST_LOG_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Levels, as in Kamailio: the lower, the graver. */
#define MH_LOG_ALERT (-5)
#define MH_LOG_BUG (-4)
#define MH_LOG_CRITICAL (-3)
#define MH_LOG_ERROR (-1)
#define MH_LOG_WARNING 0
#define MH_LOG_NOTICE 1
#define MH_LOG_INFO 2
#define MH_LOG_DEBUG 3

typedef struct mh_log_field {
    uint32_t struct_size;
    uint32_t reserved;
    mh_str name;
    mh_value value;
} mh_log_field;

#define MH_LOG_SERVICE "mh.log/1"
typedef struct mh_log_service {
    uint32_t struct_size;
    uint32_t reserved;
    /* The address of this module's level: a line is wanted when its level <= *address. Reading it costs one load; the host
     * may change it at any time. [thread: any] [phase: init+run+stop] [blocks: no] [owns: the host's, for ever] */
    const volatile int32_t *(*level)(mh_self *self);
    /* Writes one line; the host adds time, thread and the module's name. fields: array of mh_log_field, may be NULL.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: text and fields are borrowed and copied] */
    void (*write)(mh_self *self, int32_t level, mh_str text, const mh_array *fields);
} mh_log_service;

#ifdef __cplusplus
}
#endif
#endif
