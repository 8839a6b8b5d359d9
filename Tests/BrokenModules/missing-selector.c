/* MH-R115: Requires an interface that is there, but with another selector. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=missing-selector\nversion=1.0.0\nabi=1.0\nrequires=test.health/1:mind\n");

static const mh_requirement requires_[] = {
    {.struct_size = sizeof(mh_requirement), .id = MH_STR("test.health/1"), .selector = MH_STR("mind")}};
BROKEN_MODULE("missing-selector", .requires_ = MH_ARRAY(requires_))
