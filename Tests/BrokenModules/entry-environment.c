/* MH-C224: Its entry function changes the environment. */
#define _GNU_SOURCE
#include "broken.h"

#include <stdlib.h>

BROKEN_NOTE("entry-environment");

BROKEN_DESCRIPTOR("entry-environment", .ctx = 0)

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    (void)err;
    (void)offer;
    setenv("BROKEN", "1", 1);
    *module = &descriptor;
    return MH_OK;
}
