/* MH-C261: Its stop does not come back. */
#define _GNU_SOURCE
#include "broken.h"

#include <unistd.h>

BROKEN_NOTE("stop-hangs");

static void stop(void *ctx) {
    (void)ctx;
    for (;;) pause();
}

BROKEN_MODULE("stop-hangs", .stop = stop)
