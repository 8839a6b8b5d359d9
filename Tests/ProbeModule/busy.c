/* Everything at once, for the test that stops the module in the midst of it. */
#include "probe.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

typedef struct thing {
    life life;
    int ends[2];
} thing;

static void busy_fire(void *ctx) {
    (void)ctx;
    arrived("busy timer");
}

static void busy_gone(void *ctx) {
    thing *it = ctx;
    gone(&it->life, "busy task");
    if (it->ends[0] > 0) close(it->ends[0]), close(it->ends[1]);
}

static void busy_ready(void *ctx, uint32_t events) {
    (void)ctx, (void)events;
    arrived("busy watch"); /* reads nothing: ready again at once */
}

static void busy_work(void *ctx) {
    (void)ctx;
    arrived("busy work");
    struct timespec wait = {0, 30000000};
    nanosleep(&wait, NULL);
}

/* Work that begets work, as a module with a queue has it: it ends only because the host says no. */
static void busy_done(void *ctx) {
    thing *it = ctx;
    arrived("busy done");
    mh_offload_options options = {.struct_size = sizeof options, .worker = MH_WORKER_ANY, .ctx = it, .work = busy_work,
                                  .done = busy_done};
    mh_timer_options late = {.struct_size = sizeof late, .worker = 1, .first = 1000000, .fire = busy_fire};
    /* While it is being drained no timer can be started, so the host has nothing new to wait for. */
    if (loops->timer(self, &late, NULL, NULL) == MH_OK && loops->offload(self, &options, NULL) == MH_OK) return;
    gone(&it->life, "busy offload");
}

static void busy_post(void *ctx) {
    thing *it = ctx;
    arrived("busy post");
    gone(&it->life, "busy post");
}

static void stream_data(void *ctx, mh_stream *stream, mh_str bytes) {
    (void)ctx;
    arrived("busy stream data");
    nets->write(stream, bytes);
}

static void stream_connected(void *ctx, mh_stream *stream) {
    (void)ctx;
    arrived("busy stream connected");
    nets->write(stream, mh_cstr("ball"));
}

static void stream_gone(void *ctx, int32_t code, mh_str text) {
    (void)code, (void)text;
    thing *it = ctx;
    gone(&it->life, "busy stream");
}

static thing *make(void) {
    thing *it = calloc(1, sizeof *it);
    started(&it->life);
    return it;
}

extern mh_str echo_address(void);

HANDLER(probe_busy) {
    UNUSED;
    uint32_t workers = threads->workers(self);
    int32_t failures = 0;
    for (int64_t i = 0; i < number(call, 0); i++) {
        uint32_t worker = 1 + (uint32_t)i % workers;
        thing *it = make();
        mh_timer_options timer = {.struct_size = sizeof timer, .worker = worker, .first = i * 1000, .interval = 200000, .ctx = it,
                                  .fire = busy_fire, .gone = busy_gone};
        failures += loops->timer(self, &timer, NULL, NULL) < 0;
        it = make();
        if (pipe(it->ends) != 0 || write(it->ends[1], "x", 1) != 1) return MH_E_IO;
        mh_watch_options watch = {.struct_size = sizeof watch, .worker = worker, .descriptor = it->ends[0], .events = MH_WATCH_READ,
                                  .ctx = it, .ready = busy_ready, .gone = busy_gone};
        mh_task *task;
        failures += loops->watch(self, &watch, &task, NULL) < 0;
        it = make();
        mh_offload_options job = {.struct_size = sizeof job, .worker = i % 2 ? worker : MH_MAIN_THREAD, .ctx = it,
                                  .work = busy_work, .done = busy_done};
        failures += loops->offload(self, &job, NULL) < 0;
        it = make();
        failures += loops->post(self, i % 3 ? worker : MH_MAIN_THREAD, busy_post, it) < 0;
        it = make();
        mh_stream_handler handler = {.struct_size = sizeof handler, .ctx = it, .data = stream_data, .gone = stream_gone,
                                     .connected = stream_connected};
        mh_connect_options connect = {.struct_size = sizeof connect, .worker = worker, .url = echo_address(), .handler = &handler};
        failures += nets->connect(self, &connect, NULL) < 0;
        /* A peer that never answers: a documentation address (RFC 5737). */
        it = make();
        handler.ctx = it;
        connect.url = mh_cstr("tcp://192.0.2.1:9");
        failures += nets->connect(self, &connect, NULL) < 0;
        /* A pipe that is never written to. */
        it = make();
        int ends[2];
        if (pipe(ends) != 0) return MH_E_IO;
        handler.ctx = it;
        mh_adopt_options adopt = {.struct_size = sizeof adopt, .worker = worker, .descriptor = ends[0], .flags = MH_ADOPT_READ,
                                  .handler = &handler};
        failures += nets->adopt(self, &adopt, NULL) < 0;
    }
    say(reply, "", "%d failures", failures);
    return 0;
}

/* What a thread meets that a module wrongly left running. */
void *linger(void *ctx) {
    (void)ctx;
    struct timespec wait = {0, 50000000};
    nanosleep(&wait, NULL);
    note("after stop: service %s, post %d", host->query(self, mh_cstr(MH_LOG_SERVICE), 0) ? "found" : "null",
         loops->post(self, 1, busy_fire, NULL));
    return NULL;
}
