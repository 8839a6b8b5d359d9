/* MH-R114: Its command has the name of a command of the host. */
#include "broken.h"

BROKEN_NOTE("command-core");

static const mh_mi_command commands[] = {{BROKEN_COMMAND("which"), .flags = MH_MI_READ}};

BROKEN_MODULE("command-core", .commands = MH_ARRAY(commands))
