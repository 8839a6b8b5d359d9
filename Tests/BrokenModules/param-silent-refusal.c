/* MH-C251: Its setter refuses without a text. */
#include "broken.h"

BROKEN_NOTE("param-silent-refusal");

static int32_t set_even(void *ctx, const mh_value *value, const mh_error *err) {
    (void)ctx;
    (void)err;
    return value->as.integer % 2 ? MH_E_INVALID : MH_OK;
}

static const mh_param params[] = {{BROKEN_PARAM("even", MH_INT), .set = set_even}};

BROKEN_MODULE("param-silent-refusal", .params = MH_ARRAY(params))
