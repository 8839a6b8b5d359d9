/* MH-C302: Defers its reply and forgets it. */
#include "broken.h"

BROKEN_NOTE("reply-unfinished");

static int32_t handle(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    (void)call;
    (void)reply;
    return MH_DEFERRED;
}

static const mh_mi_command commands[] = {{
    .struct_size = sizeof(mh_mi_command),
    .flags = MH_MI_READ,
    .name = MH_STR("reply_unfinished.try"),
    .summary = MH_STR("Shows the fault."),
    .handler = handle,
}};

BROKEN_MODULE("reply-unfinished", .commands = MH_ARRAY(commands))
