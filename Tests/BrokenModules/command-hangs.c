/* MH-C300: Its command does not come back when its number is negative. */
#define _GNU_SOURCE
#include "broken.h"

#include <unistd.h>

BROKEN_NOTE("command-hangs");

static int32_t handle(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    const mh_value *number = (const mh_value *)mh_array_at(&call->args, 0);
    (void)reply;
    while (number && number->as.integer < 0) pause();
    return MH_OK;
}

static const mh_mi_arg args[] = {{.struct_size = sizeof(mh_mi_arg), .type = MH_INT, .name = MH_STR("number")}};

static const mh_mi_command commands[] = {{
    .struct_size = sizeof(mh_mi_command),
    .flags = MH_MI_READ,
    .name = MH_STR("command_hangs.try"),
    .summary = MH_STR("Shows the fault."),
    .args = MH_ARRAY(args), .handler = handle,
}};

BROKEN_MODULE("command-hangs", .commands = MH_ARRAY(commands))
