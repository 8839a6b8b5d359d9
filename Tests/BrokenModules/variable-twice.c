/* MH-R114: Two of its pseudo-variables have the same name. */
#include "broken.h"

BROKEN_NOTE("variable-twice");

static int32_t get(void *ctx, void *site, mh_script *script, mh_str key, mh_value *value) {
    (void)ctx;
    (void)site;
    (void)script;
    (void)key;
    *value = mh_null();
    return MH_OK;
}

static const mh_script_variable variables[] = {
    {.struct_size = sizeof(mh_script_variable), .name = MH_STR("mirror"), .get = get},
    {.struct_size = sizeof(mh_script_variable), .name = MH_STR("mirror"), .get = get},
};

BROKEN_MODULE("variable-twice", .variables = MH_ARRAY(variables))
