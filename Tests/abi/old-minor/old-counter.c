/* A module as it was built in the days of ABI 1.0: parameters of each type, commands, a timer, counters, log lines, hooks. */
#include <modhost/modhost.h>

#if MH_ABI_MINOR != 0
#error "compile this with the headers of Tests/abi/1.0"
#endif

MH_MODULE_NOTE("name=old-counter\nversion=1.0.0\nabi=1.0\nalias=old_counter\n");

static mh_self *self;
static const mh_log_service *logs;
static const mh_counter_service *counters;
static const mh_loop_service *loops;
static const mh_param_service *settings;
static mh_counter *ticks;

static int64_t number, duration, size;
static double real;
static int32_t truth;
static mh_str text;
static uint32_t list_length;

static int32_t set_list(void *ctx, const mh_value *value, const mh_error *err) {
    (void)ctx;
    if (value->type != MH_LIST) return mh_fail(err, MH_E_INVALID, "no list");
    list_length = value->as.list.count;
    return MH_OK;
}

static int32_t put(const mh_mi_reply *reply, const char *name, mh_value value) {
    return reply->value(reply->ctx, mh_cstr(name), &value);
}

/* old.settings: what the parameters came to. */
static int32_t show(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    mh_value read = mh_null();
    (void)ctx;
    (void)call;
    settings->get(self, mh_cstr("text"), &read);
    reply->begin_map(reply->ctx, mh_cstr(""), 0);
    put(reply, "number", mh_int(number));
    put(reply, "duration", mh_int(duration));
    put(reply, "size", mh_int(size));
    put(reply, "real", mh_float(real));
    put(reply, "truth", mh_bool(truth));
    put(reply, "text", mh_text(text));
    put(reply, "text_by_service", read);
    put(reply, "list_length", mh_int(list_length));
    return reply->end(reply->ctx);
}

/* old.sum NUMBER...: a REST argument. */
static int32_t sum(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    const mh_value *numbers = (const mh_value *)mh_array_at(&call->args, 0);
    int64_t total = 0;
    uint32_t i;
    (void)ctx;
    if (numbers->type != MH_LIST || numbers->as.list.count == 0) {
        reply->fail(reply->ctx, 400, mh_cstr("nothing to add"));
        return MH_OK;
    }
    for (i = 0; i < numbers->as.list.count; i++)
        total += ((const mh_value *)mh_array_at(&numbers->as.list, i))->as.integer;
    return put(reply, "", mh_int(total));
}

typedef struct waiter {
    const mh_mi_reply *reply;
} waiter;
static waiter waiting;

static void over(void *ctx) {
    waiter *one = (waiter *)ctx;
    put(one->reply, "", mh_text(mh_cstr("later")));
    one->reply->finish(one->reply->ctx);
    one->reply = 0;
}

/* old.later: a deferred reply. */
static int32_t later(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    mh_timer_options timer = {.struct_size = sizeof(timer), .worker = MH_WORKER_ANY, .first = 1000000, .ctx = &waiting,
                              .fire = over};
    (void)ctx;
    (void)call;
    if (waiting.reply) return MH_E_BUSY;
    waiting.reply = reply;
    return loops->timer(self, &timer, 0, 0) < 0 ? MH_E_INTERNAL : MH_DEFERRED;
}

static void tick(void *ctx) {
    (void)ctx;
    counters->add(ticks, 1);
}

static int64_t limit_of_ticks(void *ctx) {
    (void)ctx;
    return number;
}

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    mh_timer_options timer = {.struct_size = sizeof(timer), .worker = MH_WORKER_ANY, .first = 1, .interval = 1000000,
                              .fire = tick};
    int32_t code;
    (void)ctx;
    self = host->self;
    logs = (const mh_log_service *)host->query(self, mh_cstr(MH_LOG_SERVICE), sizeof(*logs));
    counters = (const mh_counter_service *)host->query(self, mh_cstr(MH_COUNTER_SERVICE), sizeof(*counters));
    loops = (const mh_loop_service *)host->query(self, mh_cstr(MH_LOOP_SERVICE), sizeof(*loops));
    settings = (const mh_param_service *)host->query(self, mh_cstr(MH_PARAM_SERVICE), sizeof(*settings));
    if (!logs || !counters || !loops || !settings) return mh_fail(err, MH_E_ABI, "a service of ABI 1.0 is missing");
    if ((code = counters->create(self, MH_COUNTER, mh_cstr("ticks"), mh_cstr("ticks"), &ticks, err)) < 0) return code;
    code = counters->create_computed(self, mh_cstr("limit"), mh_cstr("the parameter"), limit_of_ticks, 0, err);
    if (code < 0) return code;
    logs->write(self, MH_LOG_NOTICE, mh_cstr("old-counter starts"), 0);
    return loops->timer(self, &timer, 0, err);
}

static int32_t reopen(void *ctx, const mh_error *err) {
    (void)ctx;
    (void)err;
    logs->write(self, MH_LOG_NOTICE, mh_cstr("old-counter reopens"), 0);
    return MH_OK;
}

static void stop(void *ctx) {
    (void)ctx;
    logs->write(self, MH_LOG_NOTICE, mh_cstr("old-counter stops"), 0);
}

#define PARAM(kind, word) .struct_size = sizeof(mh_param), .type = kind, .name = MH_STR(word), .help = MH_STR("Any.")
static const mh_param params[] = {
    {PARAM(MH_INT, "number"), .default_text = MH_STR("7"), .minimum = 0, .maximum = 100, .storage = &number},
    {PARAM(MH_DURATION, "duration"), .default_text = MH_STR("2s"), .storage = &duration},
    {PARAM(MH_SIZE, "size"), .default_text = MH_STR("1k"), .storage = &size},
    {PARAM(MH_FLOAT, "real"), .default_text = MH_STR("0.5"), .storage = &real},
    {PARAM(MH_BOOL, "truth"), .default_text = MH_STR("yes"), .storage = &truth},
    {PARAM(MH_STRING, "text"), .default_text = MH_STR("plain"), .storage = &text},
    {PARAM(MH_LIST, "list"), .default_text = MH_STR("a,b,c"), .set = set_list},
};

static const mh_mi_arg sum_args[] = {
    {.struct_size = sizeof(mh_mi_arg), .type = MH_INT, .flags = MH_MI_ARG_OPTIONAL | MH_MI_ARG_REST, .name = MH_STR("numbers"),
     .help = MH_STR("What to add.")},
};

#define COMMAND(word, kind, function) \
    .struct_size = sizeof(mh_mi_command), .flags = kind, .name = MH_STR(word), .summary = MH_STR("Any."), \
    .example = MH_STR(word), .handler = function
static const mh_str sum_aliases[] = {MH_STR("old_sum")};
static const mh_mi_command commands[] = {
    {COMMAND("old.settings", MH_MI_READ, show)},
    {COMMAND("old.sum", MH_MI_READ | MH_MI_SLOW, sum), .aliases = MH_ARRAY(sum_aliases), .args = MH_ARRAY(sum_args)},
    {COMMAND("old.later", MH_MI_READ, later)},
};

static const mh_str aliases[] = {MH_STR("old_counter")};
static const mh_module descriptor = {
    .struct_size = sizeof(mh_module), .abi_major = MH_ABI_MAJOR, .abi_minor = MH_ABI_MINOR, .name = MH_STR("old-counter"),
    .version = MH_STR("1.0.0"), .summary = MH_STR("Built with the headers of ABI 1.0."), .aliases = MH_ARRAY(aliases),
    .params = MH_ARRAY(params), .commands = MH_ARRAY(commands), .init = start, .reopen = reopen, .stop = stop,
};

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    (void)offer;
    (void)err;
    *module = &descriptor;
    return MH_OK;
}
