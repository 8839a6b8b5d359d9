/* MH-R110: An argument of a script function has a kind that does not exist. */
#include "broken.h"

BROKEN_NOTE("function-bad-argument");

static int32_t call(void *ctx, void *site, mh_script *script, const mh_array *args) {
    (void)ctx;
    (void)site;
    (void)script;
    (void)args;
    return 1;
}

static const mh_script_arg args[] = {{.struct_size = sizeof(mh_script_arg), .kind = 9, .name = MH_STR("shape")}};
static const mh_script_function functions[] = {
    {.struct_size = sizeof(mh_script_function), .name = MH_STR("draw"), .args = MH_ARRAY(args), .call = call}};

BROKEN_MODULE("function-bad-argument", .functions = MH_ARRAY(functions))
