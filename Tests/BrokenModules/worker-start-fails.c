/* MH-R122: Its worker_start fails, with a text. */
#include "broken.h"

BROKEN_NOTE("worker-start-fails");

static int32_t worker_start(void *ctx, uint32_t worker, const mh_error *err) {
    (void)ctx;
    (void)worker;
    return mh_fail(err, MH_E_DENIED, "this worker is on strike");
}

BROKEN_MODULE("worker-start-fails", .worker_start = worker_start)
