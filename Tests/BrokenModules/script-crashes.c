/* MH-C320: Its function calls abort for an empty text. */
#define _GNU_SOURCE
#include "broken.h"

#include <stdlib.h>

BROKEN_NOTE("script-crashes");

static int32_t shout(void *ctx, void *site, mh_script *script, const mh_array *args) {
    const mh_value *word = (const mh_value *)mh_array_at(args, 0);
    (void)ctx;
    (void)site;
    (void)script;
    if (word && word->type == MH_STRING && word->as.text.len == 0) abort();
    return 1;
}

static const mh_script_arg args[] = {
    {.struct_size = sizeof(mh_script_arg), .kind = MH_SCRIPT_ARG_TEXT, .name = MH_STR("word")}};
static const mh_script_function functions[] = {
    {.struct_size = sizeof(mh_script_function), .name = MH_STR("shout"), .args = MH_ARRAY(args), .call = shout}};

BROKEN_MODULE("script-crashes", .functions = MH_ARRAY(functions))
