/* MH-C245: Its database provider has a table without functions. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=interface-hollow\nversion=1.0.0\nabi=1.0\nprovides=mh.db/1:hollow\n");

static const mh_db_provider table = {.struct_size = sizeof(table)};
static const mh_interface provides[] = {
    {.struct_size = sizeof(mh_interface), .id = MH_STR(MH_DB_INTERFACE), .selector = MH_STR("hollow"), .table = &table},
};

BROKEN_MODULE("interface-hollow", .provides = MH_ARRAY(provides))
