/* MH-C322: Its pseudo-variable gives a boolean. */
#include "broken.h"

BROKEN_NOTE("variable-value");

static int32_t prepare(void *ctx, mh_str inner, void **site, const mh_error *err) {
    (void)ctx;
    (void)site;
    (void)err;
    return inner.len > 1000000 ? MH_E_INVALID : MH_OK;
}

static int32_t get(void *ctx, void *site, mh_script *script, mh_str key, mh_value *value) {
    (void)ctx;
    (void)site;
    (void)script;
    (void)key;
    *value = mh_bool(1);
    return MH_OK;
}

static const mh_script_variable variables[] = {
    {.struct_size = sizeof(mh_script_variable), .flags = MH_SCRIPT_VARIABLE_READ_ONLY, .name = MH_STR("mirror"),
     .prepare = prepare, .get = get}};

BROKEN_MODULE("variable-value", .variables = MH_ARRAY(variables))
