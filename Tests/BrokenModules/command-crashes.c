/* MH-C300: Its command calls abort for a long text. */
#define _GNU_SOURCE
#include "broken.h"

#include <stdlib.h>

BROKEN_NOTE("command-crashes");

static int32_t handle(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    const mh_value *word = (const mh_value *)mh_array_at(&call->args, 0);
    (void)reply;
    if (word && word->as.text.len > 1000) abort();
    return MH_OK;
}

static const mh_mi_arg args[] = {{BROKEN_ARG("word")}};

static const mh_mi_command commands[] = {{
    .struct_size = sizeof(mh_mi_command),
    .flags = MH_MI_READ,
    .name = MH_STR("command_crashes.try"),
    .summary = MH_STR("Shows the fault."),
    .args = MH_ARRAY(args), .handler = handle,
}};

BROKEN_MODULE("command-crashes", .commands = MH_ARRAY(commands))
