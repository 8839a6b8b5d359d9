/* MH-R110: The struct_size of a parameter was forgotten. */
#include "broken.h"

BROKEN_NOTE("element-struct-size");

static const mh_param params[] = {{.type = MH_INT, .name = MH_STR("sizeless")}};

BROKEN_MODULE("element-struct-size", .params = MH_ARRAY(params))
