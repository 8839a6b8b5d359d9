/* MH-R110: An argument takes the rest, and another one follows. */
#include "broken.h"

BROKEN_NOTE("rest-not-last");

static const mh_mi_arg args[] = {{BROKEN_ARG("everything"), .flags = MH_MI_ARG_REST}, {BROKEN_ARG("more")}};
static const mh_mi_command commands[] = {{BROKEN_COMMAND("rest"), .flags = MH_MI_READ, .args = MH_ARRAY(args)}};

BROKEN_MODULE("rest-not-last", .commands = MH_ARRAY(commands))
