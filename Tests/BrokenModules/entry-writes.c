/* MH-C221: Its entry function says hello. */
#define _GNU_SOURCE
#include "broken.h"

#include <stdio.h>

BROKEN_NOTE("entry-writes");

BROKEN_DESCRIPTOR("entry-writes", .ctx = 0)

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    (void)err;
    (void)offer;
    puts("hello");
    *module = &descriptor;
    return MH_OK;
}
