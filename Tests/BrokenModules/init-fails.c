/* MH-R118: Its init fails, with a text. */
#include "broken.h"

BROKEN_NOTE("init-fails");

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    (void)ctx;
    (void)host;
    return mh_fail(err, MH_E_STATE, "the moon is in the wrong phase");
}

BROKEN_MODULE("init-fails", .init = start)
