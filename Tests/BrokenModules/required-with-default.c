/* MH-C244: A required parameter has a default, which can never be used. */
#include "broken.h"

BROKEN_NOTE("required-with-default");

static int64_t number;
static const mh_param params[] = {
    {BROKEN_PARAM("number", MH_INT), .flags = MH_PARAM_REQUIRED, .help = MH_STR("A number."), .default_text = MH_STR("5"),
     .storage = &number},
};

BROKEN_MODULE("required-with-default", .params = MH_ARRAY(params))
