/* MH-R118: Its init fails and does not say why. */
#include "broken.h"

BROKEN_NOTE("init-fails-silently");

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    (void)ctx;
    (void)host;
    (void)err;
    return MH_E_IO;
}

BROKEN_MODULE("init-fails-silently", .init = start)
