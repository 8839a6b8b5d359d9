/* counter.wait: a command that answers later. The handler starts a timer and returns MH_DEFERRED at once, so that no thread
 * sits and waits; the timer writes the reply and finishes it, or, when the host stops first, `gone` finishes it with an
 * error. */
#include "counter.h"

#include <stdlib.h>

#define WAIT_MAXIMUM 60000

/* One waiting client. Made by the handler, freed by `gone`. */
typedef struct waiter {
    const mh_mi_reply *reply; /* the host's; void once finished, and then NULL here */
    int64_t before;
} waiter;

/* On a worker, when the time is up. A negative answer means that the client is gone; finish is due all the same. */
static void wait_over(void *ctx) {
    waiter *self = (waiter *)ctx;
    const mh_mi_reply *reply = self->reply;
    int64_t now = counter_value();
    mh_value before = mh_int(self->before);
    mh_value after = mh_int(now);

    self->reply = 0;
    if (reply->begin_map(reply->ctx, mh_cstr(""), 0) >= 0 &&
        reply->value(reply->ctx, mh_cstr("before"), &before) >= 0 &&
        reply->value(reply->ctx, mh_cstr("after"), &after) >= 0)
        reply->end(reply->ctx);
    reply->finish(reply->ctx);
}

/* Last of all, on the same worker: after the tick, or without one when the timer was cancelled because the host stops. */
static void wait_gone(void *ctx) {
    waiter *self = (waiter *)ctx;
    if (self->reply) {
        self->reply->fail(self->reply->ctx, 503, mh_cstr("stopping before the wait was over"));
        self->reply->finish(self->reply->ctx);
    }
    free(self);
}

/* A failure that is known at once; the reply is complete. */
static int32_t refuse(const mh_mi_reply *reply, int32_t code, const char *text) {
    reply->fail(reply->ctx, code, mh_cstr(text));
    return MH_OK;
}

int32_t counter_wait(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    const counter_services *services = &counter_services_;
    const mh_value *milliseconds = (const mh_value *)mh_array_at(&call->args, 0);
    mh_timer_options timer;
    waiter *self;
    (void)ctx;

    if (!milliseconds || milliseconds->type != MH_INT) return MH_E_INVALID;
    if (milliseconds->as.integer < 0 || milliseconds->as.integer > WAIT_MAXIMUM)
        return refuse(reply, 400, "milliseconds is from 0 to 60000");

    self = (waiter *)malloc(sizeof(*self));
    if (!self) return refuse(reply, 500, "out of memory");
    self->reply = reply;
    self->before = counter_value();

    timer.struct_size = sizeof(timer);
    timer.worker = MH_WORKER_ANY;
    timer.first = milliseconds->as.integer * 1000000;
    timer.interval = 0; /* once */
    timer.ctx = self;
    timer.fire = wait_over;
    timer.gone = wait_gone;
    if (services->loop->timer(services->self, &timer, 0, 0) < 0) {
        free(self); /* a timer that was not started has no `gone` */
        return refuse(reply, 500, "no timer could be started");
    }
    /* From here on the timer may have run already: neither self nor reply may be touched. */
    return MH_DEFERRED;
}
