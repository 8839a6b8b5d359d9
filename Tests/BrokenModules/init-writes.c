/* MH-C272: Its init prints to standard output. */
#define _GNU_SOURCE
#include "broken.h"

#include <stdio.h>

BROKEN_NOTE("init-writes");

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    (void)ctx;
    (void)err;
    (void)host;
    puts("hello");
    return MH_OK;
}

BROKEN_MODULE("init-writes", .init = start)
