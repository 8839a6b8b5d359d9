/* MH-C307: Writes a list as if it were a scalar. */
#include "broken.h"

BROKEN_NOTE("reply-value");

static int32_t handle(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    mh_value value = mh_int(0);
    (void)call;
    value.type = MH_LIST;
    (void)reply->value(reply->ctx, mh_cstr(""), &value);
    return MH_OK;
}

static const mh_mi_command commands[] = {{
    .struct_size = sizeof(mh_mi_command),
    .flags = MH_MI_READ,
    .name = MH_STR("reply_value.try"),
    .summary = MH_STR("Shows the fault."),
    .handler = handle,
}};

BROKEN_MODULE("reply-value", .commands = MH_ARRAY(commands))
