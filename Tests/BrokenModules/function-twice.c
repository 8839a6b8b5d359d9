/* MH-R114: Two of its script functions have the same name. */
#include "broken.h"

BROKEN_NOTE("function-twice");

static int32_t call(void *ctx, void *site, mh_script *script, const mh_array *args) {
    (void)ctx;
    (void)site;
    (void)script;
    (void)args;
    return 1;
}

static const mh_script_function functions[] = {
    {.struct_size = sizeof(mh_script_function), .name = MH_STR("shout"), .call = call},
    {.struct_size = sizeof(mh_script_function), .name = MH_STR("shout"), .call = call},
};

BROKEN_MODULE("function-twice", .functions = MH_ARRAY(functions))
