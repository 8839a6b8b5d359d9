/* MH-C226: Its entry function gives another descriptor each time. */
#include "broken.h"

BROKEN_NOTE("entry-unsteady");

#define TEXT(text) { text, sizeof(text) - 1 }

static mh_module descriptors[64];
static uint32_t next;

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    static const mh_module model = {
        .struct_size = sizeof(mh_module),
        .abi_major = 1,
        .name = TEXT("entry-unsteady"),
        .version = TEXT("1.0.0"),
        .summary = TEXT("A module with one fault, for the tests."),
    };
    (void)offer;
    (void)err;
    next = (next + 1) % 64;
    descriptors[next] = model;
    *module = &descriptors[next];
    return MH_OK;
}
