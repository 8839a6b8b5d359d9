/* MH-R110: An array has a count and no items. */
#include "broken.h"

BROKEN_NOTE("array-without-items");

BROKEN_MODULE("array-without-items", .params = {0, 1, sizeof(mh_param)})
