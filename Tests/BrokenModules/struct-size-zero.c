/* MH-R110: The struct_size of the descriptor was forgotten. */
#include "broken.h"

BROKEN_NOTE("struct-size-zero");

static const mh_module descriptor = {
    .struct_size = 0, .abi_major = 1, .name = MH_STR("struct-size-zero"), .version = MH_STR("1.0.0")};
BROKEN_ENTRY(&descriptor)
