/* MH-C228: Reads a field of the offer that a shorter one does not have. */
#define _GNU_SOURCE
#include "broken.h"

#include <unistd.h>

BROKEN_NOTE("offer-overread");

BROKEN_DESCRIPTOR("offer-overread", .ctx = 0)

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    (void)err;
    if (offer->host_version.len > 100) return MH_E_ABI;
    *module = &descriptor;
    return MH_OK;
}
