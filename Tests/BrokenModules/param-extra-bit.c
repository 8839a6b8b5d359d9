/* MH-R111: An unknown flag bit of a parameter is set. */
#include "broken.h"

BROKEN_NOTE("param-extra-bit");

static const mh_param params[] = {{BROKEN_PARAM("odd", MH_INT), .flags = 0x80000000u}};

BROKEN_MODULE("param-extra-bit", .params = MH_ARRAY(params))
