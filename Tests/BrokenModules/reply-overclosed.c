/* MH-C301: Closes a list that it has not opened. */
#include "broken.h"

BROKEN_NOTE("reply-overclosed");

static int32_t handle(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    (void)call;
    (void)reply->end(reply->ctx);
    return MH_OK;
}

static const mh_mi_command commands[] = {{
    .struct_size = sizeof(mh_mi_command),
    .flags = MH_MI_READ,
    .name = MH_STR("reply_overclosed.try"),
    .summary = MH_STR("Shows the fault."),
    .handler = handle,
}};

BROKEN_MODULE("reply-overclosed", .commands = MH_ARRAY(commands))
