/* MH-C222: Its entry function leaves a descriptor open. */
#define _GNU_SOURCE
#include "broken.h"

#include <unistd.h>

BROKEN_NOTE("entry-opens");

BROKEN_DESCRIPTOR("entry-opens", .ctx = 0)

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    (void)err;
    (void)offer;
    if (dup(0) < 0) return MH_E_IO;
    *module = &descriptor;
    return MH_OK;
}
