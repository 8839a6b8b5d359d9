/* The module as the host sees it: the ELF note, the descriptor with its parameters and hooks, and the one exported symbol.
 *
 * c-counter counts: by `step` at each tick of a timer, and by what commands and scripts add. Its job is to show each thing
 * that a module can do, once, in as few lines as it takes. Copy it. */
#include "counter.h"

#define NAME "c-counter"
#define VERSION "1.0.0"

/* Read from the file before any code of it runs; name, version, abi and alias must equal the descriptor's. */
MH_MODULE_NOTE("name=" NAME "\nversion=" VERSION "\nabi=1.0\nalias=c_counter\n");

counter_services counter_services_;
counter_settings counter_settings_;

static mh_task *ticker; /* main thread only; NULL when there is none */

/* ---- hooks ---- */

/* The timer's callback, on a worker: no waiting here. */
static void tick(void *ctx) {
    int64_t value;
    (void)ctx;
    if (counter_add(counter_step(), &value) < 0) {
        counter_log(MH_LOG_WARNING, "the count has reached the end of its range; ticks are ignored until counter.reset");
        return;
    }
    if (counter_settings_.log_ticks) counter_log(MH_LOG_INFO, "tick");
}

/* A computed gauge: the host calls this when somebody asks for statistics, from any thread. */
static int64_t read_value(void *ctx) {
    (void)ctx;
    return counter_value();
}

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    counter_services *services = &counter_services_;
    mh_timer_options timer;
    int32_t code;
    (void)ctx;

    /* min_size says how much of a table is used here: a host whose table is shorter answers NULL. */
    services->self = host->self;
    services->log =
        (const mh_log_service *)host->query(host->self, mh_cstr(MH_LOG_SERVICE), sizeof(mh_log_service));
    services->loop =
        (const mh_loop_service *)host->query(host->self, mh_cstr(MH_LOOP_SERVICE), sizeof(mh_loop_service));
    services->counter =
        (const mh_counter_service *)host->query(host->self, mh_cstr(MH_COUNTER_SERVICE), sizeof(mh_counter_service));
    if (!services->log || !services->loop || !services->counter)
        return mh_fail(err, MH_E_ABI, NAME " needs the services mh.log/1, mh.loop/1 and mh.counter/1 of ABI 1.0");

    counter_reset();
    code = services->counter->create_computed(host->self, mh_cstr("value"), mh_cstr("the count as it stands"),
                                              read_value, 0, err);
    if (code < 0) return code; /* the callee has reported why */

    if (counter_settings_.interval > 0) {
        timer.struct_size = sizeof(timer);
        timer.worker = MH_WORKER_ANY;
        timer.first = counter_settings_.interval;
        timer.interval = counter_settings_.interval;
        timer.ctx = 0;
        timer.fire = tick;
        timer.gone = 0;
        code = services->loop->timer(host->self, &timer, &ticker, err);
        if (code < 0) return code;
    }
    counter_log(MH_LOG_INFO, "counting");
    return MH_OK;
}

/* SIGHUP. A module with files closes and opens them here; this one has none and writes down where it stands. */
static int32_t reopen(void *ctx, const mh_error *err) {
    (void)ctx;
    (void)err;
    counter_log(MH_LOG_NOTICE, "asked to reopen; there is no file to reopen");
    return MH_OK;
}

/* No new work from here on: the ticks end. */
static void drain(void *ctx) {
    (void)ctx;
    if (ticker) counter_services_.loop->cancel(ticker);
    ticker = 0;
}

static void stop(void *ctx) {
    (void)ctx;
    counter_log(MH_LOG_INFO, "stopped counting");
}

/* ---- parameters ---- */

/* `step` is LIVE: `modctl module.set c-counter step 5` changes it while the module runs, so it has a setter and no storage.
 * The host has checked type and range already. */
static int32_t set_step(void *ctx, const mh_value *value, const mh_error *err) {
    (void)ctx;
    (void)err;
    counter_set_step(value->as.integer);
    return MH_OK;
}

static const mh_param params[] = {
    {
        .struct_size = sizeof(mh_param),
        .type = MH_INT,
        .name = MH_STR("start"),
        .help = MH_STR("The first value, and the one that counter.reset goes back to."),
        .default_text = MH_STR("0"),
        .minimum = 0,
        .maximum = 1000000000,
        .storage = &counter_settings_.start,
    },
    {
        .struct_size = sizeof(mh_param),
        .type = MH_INT,
        .flags = MH_PARAM_LIVE,
        .name = MH_STR("step"),
        .help = MH_STR("How much each tick adds."),
        .default_text = MH_STR("1"),
        .minimum = 1,
        .maximum = 1000000,
        .set = set_step,
    },
    {
        .struct_size = sizeof(mh_param),
        .type = MH_STRING,
        .name = MH_STR("label"),
        .help = MH_STR("What is counted, as shown by counter.get."),
        .default_text = MH_STR("ticks"),
        .storage = &counter_settings_.label,
    },
    {
        .struct_size = sizeof(mh_param),
        .type = MH_DURATION,
        .name = MH_STR("interval"),
        .help = MH_STR("The time between ticks; 0 for none."),
        .unit = MH_STR("s"),
        .default_text = MH_STR("1s"),
        .minimum = 0,
        .maximum = 86400000000000, /* nanoseconds: a day */
        .storage = &counter_settings_.interval,
    },
    {
        .struct_size = sizeof(mh_param),
        .type = MH_BOOL,
        .name = MH_STR("log_ticks"),
        .help = MH_STR("Whether each tick writes a line to the log."),
        .default_text = MH_STR("no"),
        .storage = &counter_settings_.log_ticks,
    },
};

/* ---- the descriptor ---- */

static const mh_str aliases[] = {MH_STR("c_counter")};

static const mh_module descriptor = {
    .struct_size = sizeof(mh_module),
    .abi_major = MH_ABI_MAJOR,
    .abi_minor = 0, /* what is needed, not what the headers have */
    .name = MH_STR(NAME),
    .version = MH_STR(VERSION),
    .summary = MH_STR("Counts ticks of a timer; an example of a module in C."),
    .aliases = MH_ARRAY(aliases),
    .params = MH_ARRAY(params),
    .commands = MH_ARRAY(counter_commands),
    .functions = MH_ARRAY(counter_functions),
    .variables = MH_ARRAY(counter_variables),
    .init = start,
    .reopen = reopen,
    .drain = drain,
    .stop = stop,
};

/* Pure and quick: it looks at nothing but the offer and starts nothing; init is where work begins. A module that can do
 * without what a later minor brought looks at offer->abi_minor there. */
int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    if (offer->abi_major != MH_ABI_MAJOR) return mh_fail(err, MH_E_ABI, "c-counter is built for ABI 1");
    *module = &descriptor;
    return MH_OK;
}
