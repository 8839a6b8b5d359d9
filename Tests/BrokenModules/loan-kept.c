/* MH-C286: Its command remembers the argument of the call before, by its address. */
#include "broken.h"

BROKEN_NOTE("loan-kept");

static mh_str last;
static size_t seen;

static int32_t handle(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    const mh_value *word = (const mh_value *)mh_array_at(&call->args, 0);
    (void)ctx;
    (void)reply;
    if (last.len > 0) seen += (size_t)(unsigned char)last.ptr[0];
    last = word->as.text;
    return MH_OK;
}

static const mh_mi_arg args[] = {{BROKEN_ARG("word")}};

static const mh_mi_command commands[] = {{
    .struct_size = sizeof(mh_mi_command),
    .flags = MH_MI_READ,
    .name = MH_STR("loan_kept.try"),
    .summary = MH_STR("Shows the fault."),
    .args = MH_ARRAY(args),
    .handler = handle,
}};

BROKEN_MODULE("loan-kept", .commands = MH_ARRAY(commands), .ctx = &seen)
