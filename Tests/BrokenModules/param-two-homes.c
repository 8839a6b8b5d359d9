/* MH-R110: A parameter has both a setter and storage. */
#include "broken.h"

BROKEN_NOTE("param-two-homes");

static int64_t storage;

static int32_t set(void *ctx, const mh_value *value, const mh_error *err) {
    (void)ctx;
    (void)value;
    (void)err;
    return MH_OK;
}

static const mh_param params[] = {
    {BROKEN_PARAM("torn", MH_INT), .storage = &storage, .set = set},
};

BROKEN_MODULE("param-two-homes", .params = MH_ARRAY(params))
