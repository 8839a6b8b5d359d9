/* MH-R103: Built for major version 2 of the ABI. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=wrong-major\nversion=1.0.0\nabi=2.0\n");

static const mh_module descriptor = {.struct_size = sizeof(mh_module), .abi_major = 2, .name = MH_STR("wrong-major")};
BROKEN_ENTRY(&descriptor)
