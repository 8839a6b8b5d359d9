/* MH-C308: Its handler returns a number without a meaning. */
#include "broken.h"

BROKEN_NOTE("odd-return");

static int32_t handle(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    (void)call;
    (void)reply;
    return 7;
}

static const mh_mi_command commands[] = {{
    .struct_size = sizeof(mh_mi_command),
    .flags = MH_MI_READ,
    .name = MH_STR("odd_return.try"),
    .summary = MH_STR("Shows the fault."),
    .handler = handle,
}};

BROKEN_MODULE("odd-return", .commands = MH_ARRAY(commands))
