/* MH-R111: An unknown flag bit of a command is set. */
#include "broken.h"

BROKEN_NOTE("command-extra-bit");

static const mh_mi_command commands[] = {{BROKEN_COMMAND("odd"), .flags = MH_MI_READ | 0x80000000u}};

BROKEN_MODULE("command-extra-bit", .commands = MH_ARRAY(commands))
