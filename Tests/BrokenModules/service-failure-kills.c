/* MH-C268: Takes it for granted that a timer can be made. */
#define _GNU_SOURCE
#include "broken.h"

#include <stdlib.h>

BROKEN_NOTE("service-failure-kills");

static void tick(void *ctx) { (void)ctx; }

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    const mh_loop_service *loop = BROKEN_SERVICE(mh_loop_service, MH_LOOP_SERVICE);
    mh_timer_options timer = {
        .struct_size = sizeof(timer), .worker = MH_WORKER_ANY, .first = 1000000000, .interval = 1000000000, .fire = tick};
    (void)ctx;
    if (!loop) return mh_fail(err, MH_E_ABI, "the host has no mh.loop/1");
    if (loop->timer(host->self, &timer, NULL, err) < 0) abort();
    return MH_OK;
}

BROKEN_MODULE("service-failure-kills", .init = start)
