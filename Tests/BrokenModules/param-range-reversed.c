/* MH-R110: The minimum of a parameter is greater than its maximum. */
#include "broken.h"

BROKEN_NOTE("param-range-reversed");

static const mh_param params[] = {
    {BROKEN_PARAM("backwards", MH_INT), .minimum = 10, .maximum = 1},
};

BROKEN_MODULE("param-range-reversed", .params = MH_ARRAY(params))
