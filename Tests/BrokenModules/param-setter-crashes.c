/* MH-C250: Its setter reads before the first byte of an empty text. */
#include "broken.h"

BROKEN_NOTE("param-setter-crashes");

static int32_t set_word(void *ctx, const mh_value *value, const mh_error *err) {
    (void)ctx;
    if (value->as.text.len == 0) return *(const volatile char *)value->as.text.ptr;
    return value->as.text.ptr[value->as.text.len - 1] == '\n' ? mh_fail(err, MH_E_INVALID, "found a newline") : MH_OK;
}

static const mh_param params[] = {{BROKEN_PARAM("word", MH_STRING), .set = set_word}};

BROKEN_MODULE("param-setter-crashes", .params = MH_ARRAY(params))
