/* MH-R110: A command has no handler. */
#include "broken.h"

BROKEN_NOTE("command-without-handler");

static const mh_mi_command commands[] = {
    {.struct_size = sizeof(mh_mi_command), .flags = MH_MI_READ, .name = MH_STR("idle")},
};

BROKEN_MODULE("command-without-handler", .commands = MH_ARRAY(commands))
