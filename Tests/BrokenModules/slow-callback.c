/* MH-C284: Sleeps on a worker. */
#define _GNU_SOURCE
#include "broken.h"

#include <unistd.h>

BROKEN_NOTE("slow-callback");

static void tick(void *ctx) {
    (void)ctx;
    usleep(1100000);
}

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    const mh_loop_service *loop = BROKEN_SERVICE(mh_loop_service, MH_LOOP_SERVICE);
    mh_timer_options timer = {.struct_size = sizeof(timer), .worker = MH_WORKER_ANY, .fire = tick};
    (void)ctx;
    if (!loop) return mh_fail(err, MH_E_ABI, "the host has no mh.loop/1");
    return loop->timer(host->self, &timer, NULL, err);
}

BROKEN_MODULE("slow-callback", .init = start)
