/* MH-C260: Its stop calls abort. */
#define _GNU_SOURCE
#include "broken.h"

#include <stdlib.h>

BROKEN_NOTE("stop-crashes");

static void stop(void *ctx) {
    (void)ctx;
    abort();
}

BROKEN_MODULE("stop-crashes", .stop = stop)
