/* MH-C225: Its entry function takes its time. */
#define _GNU_SOURCE
#include "broken.h"

#include <unistd.h>

BROKEN_NOTE("entry-slow");

BROKEN_DESCRIPTOR("entry-slow", .ctx = 0)

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    (void)err;
    (void)offer;
    usleep(150000);
    *module = &descriptor;
    return MH_OK;
}
