/* MH-R110: A script function has nothing to call. */
#include "broken.h"

BROKEN_NOTE("function-without-call");

static const mh_script_function functions[] = {
    {.struct_size = sizeof(mh_script_function), .name = MH_STR("mute")}};

BROKEN_MODULE("function-without-call", .functions = MH_ARRAY(functions))
