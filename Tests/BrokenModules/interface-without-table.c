/* MH-R110: An interface has no table. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=interface-without-table\nversion=1.0.0\nabi=1.0\nprovides=test.hollow/1\n");

static const mh_interface provides[] = {{.struct_size = sizeof(mh_interface), .id = MH_STR("test.hollow/1")}};
BROKEN_MODULE("interface-without-table", .provides = MH_ARRAY(provides))
