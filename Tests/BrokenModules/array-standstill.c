/* MH-R110: An array of two has the stride 0. */
#include "broken.h"

BROKEN_NOTE("array-standstill");

static const mh_param params[] = {{BROKEN_PARAM("one", MH_INT)}, {BROKEN_PARAM("two", MH_INT)}};

BROKEN_MODULE("array-standstill", .params = {params, 2, 0})
