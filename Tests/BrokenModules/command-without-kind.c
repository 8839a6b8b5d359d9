/* MH-R110: A command is neither READ nor CHANGE. */
#include "broken.h"

BROKEN_NOTE("command-without-kind");

static const mh_mi_command commands[] = {{BROKEN_COMMAND("kindless")}};

BROKEN_MODULE("command-without-kind", .commands = MH_ARRAY(commands))
