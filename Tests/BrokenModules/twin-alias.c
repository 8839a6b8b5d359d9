/* MH-R113: Its alias is the name of the sound module. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=twin-alias\nversion=1.0.0\nabi=1.0\nalias=healthy\n");

static const mh_str aliases[] = {MH_STR("healthy")};
BROKEN_MODULE("twin-alias", .aliases = MH_ARRAY(aliases))
