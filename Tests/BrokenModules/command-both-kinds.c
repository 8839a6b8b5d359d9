/* MH-R110: A command is both READ and CHANGE. */
#include "broken.h"

BROKEN_NOTE("command-both-kinds");

static const mh_mi_command commands[] = {{BROKEN_COMMAND("greedy"), .flags = MH_MI_READ | MH_MI_CHANGE}};

BROKEN_MODULE("command-both-kinds", .commands = MH_ARRAY(commands))
