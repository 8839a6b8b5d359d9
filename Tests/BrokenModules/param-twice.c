/* MH-R114: Two of its parameters have the same name. */
#include "broken.h"

BROKEN_NOTE("param-twice");

static const mh_param params[] = {{BROKEN_PARAM("again", MH_INT)}, {BROKEN_PARAM("again", MH_STRING)}};

BROKEN_MODULE("param-twice", .params = MH_ARRAY(params))
