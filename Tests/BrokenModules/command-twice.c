/* MH-R114: Two of its commands have the same name. */
#include "broken.h"

BROKEN_NOTE("command-twice");

static const mh_mi_command commands[] = {
    {BROKEN_COMMAND("echo"), .flags = MH_MI_READ},
    {BROKEN_COMMAND("echo"), .flags = MH_MI_CHANGE},
};

BROKEN_MODULE("command-twice", .commands = MH_ARRAY(commands))
