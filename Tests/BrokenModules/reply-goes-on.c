/* MH-C304: Does not notice that the client is gone. */
#include "broken.h"

BROKEN_NOTE("reply-goes-on");

static int32_t handle(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    mh_value number = mh_int(1);
    int32_t count;
    (void)call;
    (void)reply->begin_list(reply->ctx, mh_cstr(""), 0);
    for (count = 0; count < 5000; count++) (void)reply->value(reply->ctx, mh_cstr(""), &number);
    return reply->end(reply->ctx);
}

static const mh_mi_command commands[] = {{
    .struct_size = sizeof(mh_mi_command),
    .flags = MH_MI_READ,
    .name = MH_STR("reply_goes_on.try"),
    .summary = MH_STR("Shows the fault."),
    .handler = handle,
}};

BROKEN_MODULE("reply-goes-on", .commands = MH_ARRAY(commands))
