/* MH-R110: The default of a parameter lies outside its own range. */
#include "broken.h"

BROKEN_NOTE("param-default-outside");

static const mh_param params[] = {
    {BROKEN_PARAM("amount", MH_INT), .default_text = MH_STR("11"), .minimum = 1, .maximum = 10},
};

BROKEN_MODULE("param-default-outside", .params = MH_ARRAY(params))
