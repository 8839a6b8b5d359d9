/* MH-C302: Finishes a reply that it has not deferred. */
#include "broken.h"

BROKEN_NOTE("reply-finished-twice");

static int32_t handle(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    (void)call;
    reply->finish(reply->ctx);
    return MH_OK;
}

static const mh_mi_command commands[] = {{
    .struct_size = sizeof(mh_mi_command),
    .flags = MH_MI_READ,
    .name = MH_STR("reply_finished_twice.try"),
    .summary = MH_STR("Shows the fault."),
    .handler = handle,
}};

BROKEN_MODULE("reply-finished-twice", .commands = MH_ARRAY(commands))
