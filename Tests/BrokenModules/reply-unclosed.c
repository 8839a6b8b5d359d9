/* MH-C301: Leaves a map of its reply open. */
#include "broken.h"

BROKEN_NOTE("reply-unclosed");

static int32_t handle(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    (void)call;
    return reply->begin_map(reply->ctx, mh_cstr(""), 0);
}

static const mh_mi_command commands[] = {{
    .struct_size = sizeof(mh_mi_command),
    .flags = MH_MI_READ,
    .name = MH_STR("reply_unclosed.try"),
    .summary = MH_STR("Shows the fault."),
    .handler = handle,
}};

BROKEN_MODULE("reply-unclosed", .commands = MH_ARRAY(commands))
