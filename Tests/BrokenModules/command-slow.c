/* MH-C306: Takes its time and is not marked as slow. */
#define _GNU_SOURCE
#include "broken.h"

#include <unistd.h>

BROKEN_NOTE("command-slow");

static int32_t handle(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    (void)call;
    (void)reply;
    usleep(1100000);
    return MH_OK;
}

static const mh_mi_command commands[] = {{
    .struct_size = sizeof(mh_mi_command),
    .flags = MH_MI_READ,
    .name = MH_STR("command_slow.try"),
    .summary = MH_STR("Shows the fault."),
    .handler = handle,
}};

BROKEN_MODULE("command-slow", .commands = MH_ARRAY(commands))
