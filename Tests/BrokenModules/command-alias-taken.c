/* MH-R114: The alias of its command is taken by the sound module. */
#include "broken.h"

BROKEN_NOTE("command-alias-taken");

static const mh_str aliases[] = {MH_STR("healthy_ping")};
static const mh_mi_command commands[] = {
    {BROKEN_COMMAND("fresh"), .flags = MH_MI_READ, .aliases = MH_ARRAY(aliases)},
};

BROKEN_MODULE("command-alias-taken", .commands = MH_ARRAY(commands))
