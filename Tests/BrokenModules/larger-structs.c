/* Sound: Built against headers of a later minor: its structs end with fields that this host does not know, and it
 * needs 1.0. */
#include "broken.h"

BROKEN_NOTE("larger-structs");

typedef struct later_param {
    mh_param known;
    const void *later;
} later_param;
typedef struct later_module {
    mh_module known;
    const void *later;
} later_module;

static const later_param params[] = {
    {.known = {.struct_size = sizeof(later_param), .type = MH_INT, .name = MH_STR("first")}, .later = &params},
    {.known = {.struct_size = sizeof(later_param), .type = MH_INT, .name = MH_STR("second")}, .later = &params},
};
static const later_module descriptor = {
    .known = {.struct_size = sizeof(later_module), .abi_major = 1, .name = MH_STR("larger-structs"),
              .version = MH_STR("1.0.0"), .summary = MH_STR("Built against later headers."),
              .params = MH_ARRAY(params)},
    .later = &params,
};

BROKEN_ENTRY(&descriptor.known)
