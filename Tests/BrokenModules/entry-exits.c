/* MH-C220: Its entry function ends the process. */
#define _GNU_SOURCE
#include "broken.h"

#include <stdlib.h>

BROKEN_NOTE("entry-exits");

BROKEN_DESCRIPTOR("entry-exits", .ctx = 0)

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    (void)err;
    (void)offer;
    exit(3);
    *module = &descriptor;
    return MH_OK;
}
