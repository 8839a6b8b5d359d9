/* MH-C229: Refuses a host that is newer than itself. */
#define _GNU_SOURCE
#include "broken.h"

#include <unistd.h>

BROKEN_NOTE("refuses-newer");

BROKEN_DESCRIPTOR("refuses-newer", .ctx = 0)

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    (void)err;
    if (offer->abi_minor > MH_ABI_MINOR) return mh_fail(err, MH_E_ABI, "this host is too new");
    *module = &descriptor;
    return MH_OK;
}
