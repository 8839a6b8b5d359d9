/* MH-R110: A reserved field of a parameter is set. */
#include "broken.h"

BROKEN_NOTE("param-untidy");

static const mh_param params[] = {{BROKEN_PARAM("tidy", MH_INT), .reserved = 7}};

BROKEN_MODULE("param-untidy", .params = MH_ARRAY(params))
