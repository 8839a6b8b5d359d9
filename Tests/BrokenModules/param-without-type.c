/* MH-R110: The type of a parameter was forgotten. */
#include "broken.h"

BROKEN_NOTE("param-without-type");

static const mh_param params[] = {
    {BROKEN_PARAM("typeless", MH_NULL)},
};

BROKEN_MODULE("param-without-type", .params = MH_ARRAY(params))
