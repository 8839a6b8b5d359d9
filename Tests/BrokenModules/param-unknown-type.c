/* MH-R110: The type of a parameter is a number that nobody knows. */
#include "broken.h"

BROKEN_NOTE("param-unknown-type");

static const mh_param params[] = {
    {BROKEN_PARAM("exotic", 77)},
};

BROKEN_MODULE("param-unknown-type", .params = MH_ARRAY(params))
