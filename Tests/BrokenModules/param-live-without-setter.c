/* MH-R110: A parameter is LIVE, but nothing would hear of its change. */
#include "broken.h"

BROKEN_NOTE("param-live-without-setter");

static int64_t storage;
static const mh_param params[] = {
    {BROKEN_PARAM("deaf", MH_INT), .flags = MH_PARAM_LIVE, .storage = &storage},
};

BROKEN_MODULE("param-live-without-setter", .params = MH_ARRAY(params))
