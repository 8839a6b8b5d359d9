/* MH-R114: A script function has the name of one that the language has. */
#include "broken.h"

BROKEN_NOTE("function-taken");

static int32_t call(void *ctx, void *site, mh_script *script, const mh_array *args) {
    (void)ctx;
    (void)site;
    (void)script;
    (void)args;
    return 1;
}

static const mh_script_function functions[] = {
    {.struct_size = sizeof(mh_script_function), .name = MH_STR("reply"), .call = call}};

BROKEN_MODULE("function-taken", .functions = MH_ARRAY(functions))
