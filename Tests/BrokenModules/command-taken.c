/* MH-R114: Its command has the name of a command of the sound module. */
#include "broken.h"

BROKEN_NOTE("command-taken");

static const mh_mi_command commands[] = {{BROKEN_COMMAND("healthy.ping"), .flags = MH_MI_READ}};

BROKEN_MODULE("command-taken", .commands = MH_ARRAY(commands))
