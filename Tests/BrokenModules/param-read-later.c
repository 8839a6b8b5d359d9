/* Sound: A parameter with neither setter nor storage is sound: the module reads it through mh.param/1. */
#include "broken.h"

BROKEN_NOTE("param-read-later");

static const mh_param params[] = {{BROKEN_PARAM("later", MH_INT), .default_text = MH_STR("1")}};

BROKEN_MODULE("param-read-later", .params = MH_ARRAY(params))
