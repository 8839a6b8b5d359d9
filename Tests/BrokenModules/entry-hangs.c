/* MH-C220: Its entry function does not come back. */
#define _GNU_SOURCE
#include "broken.h"

#include <unistd.h>

BROKEN_NOTE("entry-hangs");

BROKEN_DESCRIPTOR("entry-hangs", .ctx = 0)

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    (void)err;
    (void)offer;
    for (;;) pause();
    *module = &descriptor;
    return MH_OK;
}
