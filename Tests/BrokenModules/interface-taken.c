/* MH-R114: Provides an interface that the sound module provides, with the same selector. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=interface-taken\nversion=1.0.0\nabi=1.0\nprovides=test.health/1:body\n");

static const uint32_t table[2] = {sizeof(table), 0};
static const mh_interface provides[] = {
    {.struct_size = sizeof(mh_interface), .id = MH_STR("test.health/1"), .selector = MH_STR("body"), .table = table}};
BROKEN_MODULE("interface-taken", .provides = MH_ARRAY(provides))
