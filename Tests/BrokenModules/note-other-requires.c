/* MH-R112: The descriptor requires an interface of which the note says nothing. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=note-other-requires\nversion=1.0.0\nabi=1.0\n");

static const mh_requirement requires_[] = {
    {.struct_size = sizeof(mh_requirement), .flags = MH_REQUIRE_OPTIONAL, .id = MH_STR("test.secret/1")}};
BROKEN_MODULE("note-other-requires", .requires_ = MH_ARRAY(requires_))
