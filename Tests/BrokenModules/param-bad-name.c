/* MH-R110: The name of a parameter has a blank in it. */
#include "broken.h"

BROKEN_NOTE("param-bad-name");

static const mh_param params[] = {
    {BROKEN_PARAM("two words", MH_INT)},
};

BROKEN_MODULE("param-bad-name", .params = MH_ARRAY(params))
