/* MH-R117: A parameter must be given, and the config does not. */
#include "broken.h"

BROKEN_NOTE("required-param");

static const mh_param params[] = {{BROKEN_PARAM("house_key", MH_STRING), .flags = MH_PARAM_REQUIRED}};

BROKEN_MODULE("required-param", .params = MH_ARRAY(params))
