/* MH-R110: A pseudo-variable cannot be read. */
#include "broken.h"

BROKEN_NOTE("variable-without-get");

static const mh_script_variable variables[] = {
    {.struct_size = sizeof(mh_script_variable), .name = MH_STR("blind")}};

BROKEN_MODULE("variable-without-get", .variables = MH_ARRAY(variables))
