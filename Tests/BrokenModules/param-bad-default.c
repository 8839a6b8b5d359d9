/* MH-R110: The default of an int parameter is not a number. */
#include "broken.h"

BROKEN_NOTE("param-bad-default");

static const mh_param params[] = {
    {BROKEN_PARAM("amount", MH_INT), .default_text = MH_STR("many")},
};

BROKEN_MODULE("param-bad-default", .params = MH_ARRAY(params))
