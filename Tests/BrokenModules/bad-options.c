/* MH-C282: Forgets the struct_size of a timer. */
#include "broken.h"

BROKEN_NOTE("bad-options");

static const mh_loop_service *loop;

static void tick(void *ctx) { (void)ctx; }

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    mh_timer_options timer = {.worker = MH_WORKER_ANY, .fire = tick};
    (void)ctx;
    loop = BROKEN_SERVICE(mh_loop_service, MH_LOOP_SERVICE);
    if (!loop) return mh_fail(err, MH_E_ABI, "the host has no mh.loop/1");
    (void)loop->timer(host->self, &timer, NULL, NULL);
    return MH_OK;
}

BROKEN_MODULE("bad-options", .init = start)
