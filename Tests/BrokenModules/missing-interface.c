/* MH-R115: Requires an interface that no module provides. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=missing-interface\nversion=1.0.0\nabi=1.0\nrequires=test.nobody/1\n");

static const mh_requirement requires_[] = {{.struct_size = sizeof(mh_requirement), .id = MH_STR("test.nobody/1")}};
BROKEN_MODULE("missing-interface", .requires_ = MH_ARRAY(requires_))
