/* MH-R111: An unknown flag bit of a requirement is set. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=requirement-extra-bit\nversion=1.0.0\nabi=1.0\nrequires=test.health/1?\n");

static const mh_requirement requires_[] = {{
    .struct_size = sizeof(mh_requirement), .flags = MH_REQUIRE_OPTIONAL | 0x80000000u, .id = MH_STR("test.health/1")}};
BROKEN_MODULE("requirement-extra-bit", .requires_ = MH_ARRAY(requires_))
