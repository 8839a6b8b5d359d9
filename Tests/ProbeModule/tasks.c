/* Timers, watches, posts, offloads, and threads of the module's own. */
#include "probe.h"

#include <pthread.h>
#include <unistd.h>

/* ---- timers ---- */

typedef struct timer {
    life life;
    char name[32];
    char cancel[16];
    mh_task *_Atomic task;
    int ticks;
    pthread_t canceller;
} timer;

static void *cancel_from_thread(void *ctx) {
    timer *it = ctx;
    note("timer %s cancelled by %s", it->name, here());
    loops->cancel(atomic_load(&it->task));
    return NULL;
}

static void timer_fire(void *ctx) {
    timer *it = ctx;
    arrived("timer");
    it->ticks++;
    if (it->ticks <= 3) note("timer %s tick %d on %s", it->name, it->ticks, here());
    if (!strcmp(it->cancel, "tick") && it->ticks == 3) {
        loops->cancel(atomic_load(&it->task));
        loops->cancel(atomic_load(&it->task));
    }
    if (!strcmp(it->cancel, "thread") && it->ticks == 1 && pthread_create(&it->canceller, NULL, cancel_from_thread, it) == 0)
        pthread_detach(it->canceller);
}

static void timer_gone(void *ctx) {
    timer *it = ctx;
    gone(&it->life, "timer");
    note("timer %s gone on %s after %s", it->name, here(), it->ticks == 0 ? "no tick" : it->ticks == 1 ? "one tick" : it->ticks == 3 ? "three ticks" : "ticks");
}

HANDLER(probe_timer) {
    UNUSED;
    timer *it = calloc(1, sizeof *it);
    snprintf(it->name, sizeof it->name, "%.*s", (int)text(call, 0).len, text(call, 0).ptr);
    snprintf(it->cancel, sizeof it->cancel, "%.*s", (int)text(call, 4).len, text(call, 4).ptr);
    started(&it->life);
    mh_timer_options options = {.struct_size = sizeof options, .worker = (uint32_t)number(call, 1), .first = number(call, 2),
                                .interval = number(call, 3), .ctx = it, .fire = timer_fire, .gone = timer_gone};
    kept_error kept;
    mh_error err = keep(&kept);
    mh_task *task = NULL;
    int32_t code = loops->timer(self, &options, &task, &err);
    atomic_store(&it->task, task);
    if (code < 0) {
        gone(&it->life, "timer");
        return reply->fail(reply->ctx, code, mh_cstr(kept.text)), 0;
    }
    if (!strcmp(it->cancel, "now")) loops->cancel(task);
    return 0;
}

/* ---- watches ---- */

typedef struct watch {
    life life;
    int ends[2];
    mh_task *_Atomic task;
    int calls_while_paused;
    int is_paused;
} watch;

static void watch_gone(void *ctx) {
    watch *it = ctx;
    gone(&it->life, "watch");
    note("watch gone on %s", here());
    close(it->ends[0]);
    if (it->ends[1] >= 0) close(it->ends[1]);
}

static void watch_resume(void *ctx) {
    watch *it = ctx;
    note("watch resumed, called %d times while paused", it->calls_while_paused);
    it->is_paused = 0;
    if (loops->watch_events(atomic_load(&it->task), MH_WATCH_READ) != MH_OK) note("watch_events failed");
}

static void watch_ready(void *ctx, uint32_t events) {
    watch *it = ctx;
    arrived("watch");
    if (it->is_paused) {
        it->calls_while_paused++;
        return;
    }
    char byte = 0;
    ssize_t count = read(it->ends[0], &byte, 1);
    if (count <= 0) {
        note("watch end of file%s", events & MH_WATCH_ERROR ? ", hung up" : "");
        loops->cancel(atomic_load(&it->task));
        return;
    }
    note("watch ready %c on %s", byte, here());
    if (byte == 'p') {
        it->is_paused = 1;
        if (loops->watch_events(atomic_load(&it->task), 0) != MH_OK) note("watch_events failed");
        mh_timer_options options = {.struct_size = sizeof options, .worker = MH_WORKER_CURRENT, .first = 20000000, .ctx = it,
                                    .fire = watch_resume};
        if (loops->timer(self, &options, NULL, NULL) != MH_OK) note("timer failed");
    }
    if (byte == 'q') loops->cancel(atomic_load(&it->task));
}

static void watch_task(void *ctx) {
    /* On the worker, so that the task is known before the first event. */
    watch *it = ctx;
    mh_watch_options options = {.struct_size = sizeof options, .worker = MH_WORKER_CURRENT, .descriptor = it->ends[0],
                                .events = MH_WATCH_READ, .ctx = it, .ready = watch_ready, .gone = watch_gone};
    mh_task *task = NULL;
    if (loops->watch(self, &options, &task, NULL) != MH_OK) note("watch failed");
    atomic_store(&it->task, task);
}

static int32_t watch_pipe(const char *bytes, int hang_up) {
    watch *it = calloc(1, sizeof *it);
    started(&it->life);
    if (pipe(it->ends) != 0 || write(it->ends[1], bytes, strlen(bytes)) < 0) return MH_E_IO;
    if (hang_up) {
        close(it->ends[1]);
        it->ends[1] = -1;
    }
    return loops->post(self, 1, watch_task, it);
}

HANDLER(probe_watch) { UNUSED; return watch_pipe("abpcq", 0); }
HANDLER(probe_hangup) { UNUSED; return watch_pipe("p", 1); }

/* ---- posts ---- */

typedef struct lane {
    uint32_t worker;
    int64_t count;
    int64_t seen;
    int disorder;
} lane;
typedef struct step {
    lane *lane;
    int64_t number;
} step;

static void post_run(void *ctx) {
    step *it = ctx;
    lane *lane = it->lane;
    arrived("post");
    if (it->number != lane->seen) lane->disorder = 1;
    lane->seen++;
    if (lane->seen == lane->count)
        note("post %lld to %u %s on %s", (long long)lane->count, lane->worker, lane->disorder ? "out of order" : "in order", here());
    free(it);
}

HANDLER(probe_post) {
    UNUSED;
    uint32_t workers = threads->workers(self);
    lane *lanes = calloc(workers + 1, sizeof *lanes);
    for (uint32_t worker = 0; worker <= workers; worker++) {
        lanes[worker].worker = worker;
        lanes[worker].count = number(call, 0);
    }
    for (int64_t i = 0; i < number(call, 0); i++) {
        for (uint32_t worker = 0; worker <= workers; worker++) {
            step *it = malloc(sizeof *it);
            it->lane = &lanes[worker];
            it->number = i;
            if (loops->post(self, worker, post_run, it) != MH_OK) return MH_E_STATE;
        }
    }
    return 0;
}

/* ---- offloads ---- */

typedef struct job {
    life life;
    uint32_t worker;
    int worked;
} job;

static void job_work(void *ctx) {
    job *it = ctx;
    arrived("offload work");
    it->worked = threads->kind(self) == MH_THREAD_POOL;
}

static void job_done(void *ctx) {
    job *it = ctx;
    note("offload for %u %s, done on %s", it->worker, it->worked ? "worked in the pool" : "worked elsewhere", here());
    gone(&it->life, "offload");
}

HANDLER(probe_offload) {
    UNUSED;
    for (uint32_t worker = 0; worker <= threads->workers(self); worker++) {
        job *it = calloc(1, sizeof *it);
        it->worker = worker;
        started(&it->life);
        mh_offload_options options = {.struct_size = sizeof options, .worker = worker, .ctx = it, .work = job_work,
                                      .done = job_done};
        if (loops->offload(self, &options, NULL) < 0) return MH_E_STATE;
    }
    return 0;
}

/* ---- threads ---- */

static void *own_thread(void *ctx) {
    uint32_t *index = ctx;
    *index = threads->index(self);
    note("own thread is %s%s", here(), threads->index(self) == *index ? "" : ", not always");
    return NULL;
}

HANDLER(probe_threads) {
    UNUSED;
    uint32_t first = 0, second = 0;
    pthread_t thread;
    if (pthread_create(&thread, NULL, own_thread, &first) != 0) return MH_E_IO;
    pthread_join(thread, NULL);
    if (pthread_create(&thread, NULL, own_thread, &second) != 0) return MH_E_IO;
    pthread_join(thread, NULL);
    reply->begin_map(reply->ctx, mh_cstr(""), 0);
    say(reply, "here", "%s", here());
    say(reply, "workers", "%u", threads->workers(self));
    say(reply, "limit", "%s", threads->limit(self) > second ? "above every index" : "too low");
    say(reply, "index", "%s", first == second ? "given back" : "lost");
    return 0;
}
