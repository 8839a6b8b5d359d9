/* MH-R110: A parameter has no name. */
#include "broken.h"

BROKEN_NOTE("param-anonymous");

static const mh_param params[] = {
    {BROKEN_PARAM("", MH_INT)},
};

BROKEN_MODULE("param-anonymous", .params = MH_ARRAY(params))
