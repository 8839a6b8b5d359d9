/* MH-R111: An unknown flag bit of an argument is set. */
#include "broken.h"

BROKEN_NOTE("argument-extra-bit");

static const mh_mi_arg args[] = {{BROKEN_ARG("odd"), .flags = 0x80000000u}};
static const mh_mi_command commands[] = {{BROKEN_COMMAND("odd"), .flags = MH_MI_READ, .args = MH_ARRAY(args)}};

BROKEN_MODULE("argument-extra-bit", .commands = MH_ARRAY(commands))
