/* MH-R109: The entry function refuses the host, with a text. */
#include "broken.h"

BROKEN_NOTE("entry-refuses");

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    (void)offer;
    (void)module;
    return mh_fail(err, MH_E_ABI, "this host is not to my taste");
}
