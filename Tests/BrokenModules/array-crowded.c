/* MH-R110: The stride of an array is smaller than its elements. */
#include "broken.h"

BROKEN_NOTE("array-crowded");

static const mh_param params[] = {{BROKEN_PARAM("one", MH_INT)}, {BROKEN_PARAM("two", MH_INT)}};

BROKEN_MODULE("array-crowded", .params = {params, 2, 8})
