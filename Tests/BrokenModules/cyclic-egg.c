/* MH-R116: Hatches hens and needs eggs: the other half of the circle. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=cyclic-egg\nversion=1.0.0\nabi=1.0\nprovides=test.hen/1\nrequires=test.egg/1\n");

static const uint32_t table[2] = {sizeof(table), 0};
static const mh_interface provides[] = {
    {.struct_size = sizeof(mh_interface), .id = MH_STR("test.hen/1"), .table = table}};
static const mh_requirement requires_[] = {{.struct_size = sizeof(mh_requirement), .id = MH_STR("test.egg/1")}};
BROKEN_MODULE("cyclic-egg", .provides = MH_ARRAY(provides), .requires_ = MH_ARRAY(requires_))
