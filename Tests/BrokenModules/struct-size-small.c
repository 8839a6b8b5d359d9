/* MH-R110: The struct_size of the descriptor ends in the middle of what ABI 1.0 had. */
#include "broken.h"

BROKEN_NOTE("struct-size-small");

static const mh_module descriptor = {
    .struct_size = 24, .abi_major = 1, .name = MH_STR("struct-size-small"), .version = MH_STR("1.0.0")};
BROKEN_ENTRY(&descriptor)
