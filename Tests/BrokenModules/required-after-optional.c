/* MH-R110: An argument that must be given follows one that may be left out. */
#include "broken.h"

BROKEN_NOTE("required-after-optional");

static const mh_mi_arg args[] = {{BROKEN_ARG("maybe"), .flags = MH_MI_ARG_OPTIONAL}, {BROKEN_ARG("needed")}};
static const mh_mi_command commands[] = {{BROKEN_COMMAND("order"), .flags = MH_MI_READ, .args = MH_ARRAY(args)}};

BROKEN_MODULE("required-after-optional", .commands = MH_ARRAY(commands))
