/* MH-R107: Has a note, but not the entry function. */
#include "broken.h"

BROKEN_NOTE("no-entry");

int32_t mh_module_entry(void);
MH_EXPORT int32_t mh_module_entry(void) {
    return MH_OK;
}
