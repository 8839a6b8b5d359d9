/* MH-R110: The stride of an array is not a multiple of 8, so that every other element is misaligned. */
#include "broken.h"

BROKEN_NOTE("array-crooked");

static const mh_param params[] = {{BROKEN_PARAM("one", MH_INT)}, {BROKEN_PARAM("two", MH_INT)}};

BROKEN_MODULE("array-crooked", .params = {params, 2, sizeof(mh_param) + 4})
