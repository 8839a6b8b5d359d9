/* MH-C250: Its init cannot do with a value that its parameter allows. */
#include "broken.h"

BROKEN_NOTE("param-kills-init");

static int64_t parts;

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    (void)ctx;
    (void)host;
    (void)err;
    return 100 / (int32_t)parts > 1000 ? MH_E_LIMIT : MH_OK;
}

static const mh_param params[] = {
    {BROKEN_PARAM("parts", MH_INT), .minimum = 0, .maximum = 10, .default_text = MH_STR("5"), .storage = &parts}};

BROKEN_MODULE("param-kills-init", .params = MH_ARRAY(params), .init = start)
