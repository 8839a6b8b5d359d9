/* MH-C232: Says that it needs ABI 1.0 and takes 1.1 only. */
#include "broken.h"

BROKEN_NOTE("needed-host-refused");

BROKEN_DESCRIPTOR("needed-host-refused", .ctx = 0)

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    if (offer->abi_minor < 1) return mh_fail(err, MH_E_ABI, "this host is too old");
    *module = &descriptor;
    return MH_OK;
}
