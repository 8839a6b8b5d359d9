/* MH-C265: Opens a descriptor that nobody closes. */
#define _GNU_SOURCE
#include "broken.h"

#include <unistd.h>

BROKEN_NOTE("descriptor-left");

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    (void)ctx;
    (void)err;
    (void)host;
    if (dup(0) < 0) return MH_E_IO;
    return MH_OK;
}

BROKEN_MODULE("descriptor-left", .init = start)
