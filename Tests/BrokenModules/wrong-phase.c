/* MH-C281: Starts a timer while it is drained. */
#include "broken.h"

BROKEN_NOTE("wrong-phase");

static const mh_loop_service *loop;
static mh_self *self;

static void tick(void *ctx) { (void)ctx; }

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    (void)ctx;
    loop = BROKEN_SERVICE(mh_loop_service, MH_LOOP_SERVICE);
    self = host->self;
    return loop ? MH_OK : mh_fail(err, MH_E_ABI, "the host has no mh.loop/1");
}

static void drain(void *ctx) {
    mh_timer_options timer = {.struct_size = sizeof(timer), .worker = MH_WORKER_ANY, .fire = tick};
    (void)ctx;
    (void)loop->timer(self, &timer, NULL, NULL);
}

BROKEN_MODULE("wrong-phase", .init = start, .drain = drain)
