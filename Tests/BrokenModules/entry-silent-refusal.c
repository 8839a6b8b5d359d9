/* MH-C227: Refuses another major version without a text. */
#define _GNU_SOURCE
#include "broken.h"

#include <unistd.h>

BROKEN_NOTE("entry-silent-refusal");

BROKEN_DESCRIPTOR("entry-silent-refusal", .ctx = 0)

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    (void)err;
    if (offer->abi_major != 1) return MH_E_ABI;
    *module = &descriptor;
    return MH_OK;
}
