/* MH-C260: Its init calls abort. */
#define _GNU_SOURCE
#include "broken.h"

#include <stdlib.h>

BROKEN_NOTE("init-crashes");

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    (void)ctx;
    (void)err;
    (void)host;
    abort();
    return MH_OK;
}

BROKEN_MODULE("init-crashes", .init = start)
