/* MH-C240 to MH-C243: Says nothing about itself, its parameter and its command, and gives an example of another command. */
#include "broken.h"

BROKEN_NOTE("texts-missing");

static int64_t number;
static const mh_param params[] = {{BROKEN_PARAM("number", MH_INT), .storage = &number}};
static const mh_mi_command commands[] = {
    {BROKEN_COMMAND("texts.missing"), .flags = MH_MI_READ, .example = MH_STR("texts.present")},
};

static const mh_module descriptor = {
    .struct_size = sizeof(mh_module),
    .abi_major = 1,
    .name = MH_STR("texts-missing"),
    .version = MH_STR("1.0.0"),
    .params = MH_ARRAY(params),
    .commands = MH_ARRAY(commands),
};
BROKEN_ENTRY(&descriptor)
