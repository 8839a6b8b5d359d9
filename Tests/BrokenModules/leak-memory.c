/* MH-C340: Its command keeps a block of memory each time. */
#define _GNU_SOURCE
#include "broken.h"

#include <stdlib.h>

BROKEN_NOTE("leak-memory");

static void *volatile last;

static int32_t handle(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    (void)call;
    (void)reply;
    last = malloc(100);
    return last ? MH_OK : MH_E_NO_MEMORY;
}

static const mh_mi_command commands[] = {{
    .struct_size = sizeof(mh_mi_command),
    .flags = MH_MI_READ,
    .name = MH_STR("leak_memory.try"),
    .summary = MH_STR("Shows the fault."),
    .handler = handle,
}};

BROKEN_MODULE("leak-memory", .commands = MH_ARRAY(commands))
