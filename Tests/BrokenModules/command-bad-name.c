/* MH-R110: The name of a command has a blank in it. */
#include "broken.h"

BROKEN_NOTE("command-bad-name");

static const mh_mi_command commands[] = {{BROKEN_COMMAND("no blanks"), .flags = MH_MI_READ}};

BROKEN_MODULE("command-bad-name", .commands = MH_ARRAY(commands))
