/* MH-C262: Its init ends the process. */
#define _GNU_SOURCE
#include "broken.h"

#include <stdlib.h>

BROKEN_NOTE("init-exits");

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    (void)ctx;
    (void)err;
    (void)host;
    exit(1);
    return MH_OK;
}

BROKEN_MODULE("init-exits", .init = start)
