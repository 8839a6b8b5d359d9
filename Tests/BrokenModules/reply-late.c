/* MH-C303: Writes to a reply of which it has said that it is complete. */
#include "broken.h"

BROKEN_NOTE("reply-late");

static const mh_mi_reply *kept;
static void *context;

static int32_t handle(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    (void)call;
    if (kept) (void)kept->begin_map(context, mh_cstr(""), 0);
    kept = reply;
    context = reply->ctx;
    return MH_OK;
}

static const mh_mi_command commands[] = {{
    .struct_size = sizeof(mh_mi_command),
    .flags = MH_MI_READ,
    .name = MH_STR("reply_late.try"),
    .summary = MH_STR("Shows the fault."),
    .handler = handle,
}};

BROKEN_MODULE("reply-late", .commands = MH_ARRAY(commands))
