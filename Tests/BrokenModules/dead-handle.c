/* MH-C283: Cancels a timer that has run out. */
#include "broken.h"

BROKEN_NOTE("dead-handle");

static const mh_loop_service *loop;
static mh_task *task;

static void tick(void *ctx) { (void)ctx; }

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    mh_timer_options timer = {.struct_size = sizeof(timer), .worker = MH_WORKER_ANY, .fire = tick};
    (void)ctx;
    loop = BROKEN_SERVICE(mh_loop_service, MH_LOOP_SERVICE);
    if (!loop) return mh_fail(err, MH_E_ABI, "the host has no mh.loop/1");
    return loop->timer(host->self, &timer, &task, err);
}

static void drain(void *ctx) {
    (void)ctx;
    loop->cancel(task);
}

BROKEN_MODULE("dead-handle", .init = start, .drain = drain)
