/* A small host for trying the module without modhost: one thread, a clock moved by hand, and replies that are written
 * into a string. It loads the module named on the command line, runs everything in it, and exits 0 or 1. */
#define _POSIX_C_SOURCE 200809L
#include <modhost/modhost.h>

#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the checks are made with ---- */

static int failures;

static void expect(int good, const char *what, const char *got) {
    if (good) return;
    failures++;
    fprintf(stderr, "FAILED: %s (got: %s)\n", what, got);
}

static void report(void *ctx, int32_t code, mh_str text) {
    (void)ctx;
    fprintf(stderr, "the module reports %" PRId32 ": %.*s\n", code, (int)text.len, text.ptr);
}

static const mh_error error_sink = {NULL, report};

/* ---- mh.log/1 and mh.counter/1: a level, a count of lines, one computed gauge ---- */

static int32_t log_level = MH_LOG_DEBUG;
static int log_lines;
static int64_t (*gauge)(void *ctx);
static void *gauge_ctx;

static const volatile int32_t *level(mh_self *self) {
    (void)self;
    return &log_level;
}

static void write_log(mh_self *self, int32_t line_level, mh_str text, const mh_array *fields) {
    (void)self;
    (void)fields;
    log_lines++;
    printf("log %" PRId32 ": %.*s\n", line_level, (int)text.len, text.ptr);
}

static int32_t create_computed(mh_self *self, mh_str name, mh_str help, int64_t (*read)(void *ctx), void *ctx,
                               const mh_error *err) {
    (void)self;
    (void)name;
    (void)help;
    (void)err;
    gauge = read;
    gauge_ctx = ctx;
    return MH_OK;
}

/* ---- mh.loop/1: timers on a clock that `advance` moves ---- */

struct mh_task {
    mh_timer_options options;
    int64_t due;
    int live;
};

static struct mh_task tasks[8];
static int64_t clock_now;

static int64_t now(mh_self *self) {
    (void)self;
    return clock_now;
}

static int32_t timer(mh_self *self, const mh_timer_options *options, mh_task **task, const mh_error *err) {
    size_t i;
    (void)self;
    for (i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++) {
        if (tasks[i].live) continue;
        tasks[i].options = *options;
        tasks[i].due = clock_now + options->first;
        tasks[i].live = 1;
        if (task) *task = &tasks[i];
        return MH_OK;
    }
    return mh_fail(err, MH_E_LIMIT, "no more timers");
}

static void cancel(mh_task *task) {
    if (!task->live) return;
    task->live = 0;
    if (task->options.gone) task->options.gone(task->options.ctx);
}

static void advance(int64_t nanoseconds) {
    int64_t end = clock_now + nanoseconds;
    for (;;) {
        struct mh_task *next = NULL;
        size_t i;
        for (i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++) {
            if (tasks[i].live && tasks[i].due <= end && (!next || tasks[i].due < next->due)) next = &tasks[i];
        }
        if (!next) break;
        clock_now = next->due;
        next->due += next->options.interval;
        next->options.fire(next->options.ctx);
        if (next->options.interval == 0) cancel(next);
    }
    clock_now = end;
}

/* ---- the services as the module finds them ---- */

static const mh_log_service log_service = {.struct_size = sizeof(mh_log_service), .level = level, .write = write_log};
static const mh_loop_service loop_service = {
    .struct_size = sizeof(mh_loop_service), .now = now, .timer = timer, .cancel = cancel};
static const mh_counter_service counter_service = {
    .struct_size = sizeof(mh_counter_service), .create_computed = create_computed};

static int without_loop; /* 1: this host lacks mh.loop/1 */

static const void *query(mh_self *self, mh_str id, size_t min_size) {
    (void)self;
    (void)min_size; /* every table here is of full size */
    if (mh_str_equal(id, mh_cstr(MH_LOG_SERVICE))) return &log_service;
    if (mh_str_equal(id, mh_cstr(MH_LOOP_SERVICE))) return without_loop ? NULL : &loop_service;
    if (mh_str_equal(id, mh_cstr(MH_COUNTER_SERVICE))) return &counter_service;
    return NULL;
}

/* ---- replies as text: maps {a=1 }, lists [1 2 ], faults !404, the end of a deferred reply # ---- */

static char answer[512];
static int values_until_gone = -1; /* >= 0: the client goes away after so many values */

static void put(const char *text) {
    strncat(answer, text, sizeof(answer) - strlen(answer) - 1);
}

static void put_name(mh_str name) {
    char text[64];
    if (!name.len) return;
    snprintf(text, sizeof(text), "%.*s=", (int)name.len, name.ptr);
    put(text);
}

static int32_t begin_map(void *ctx, mh_str name, uint32_t flags) {
    (void)ctx;
    (void)flags;
    put_name(name);
    put("{");
    return MH_OK;
}

static int32_t begin_list(void *ctx, mh_str name, uint32_t flags) {
    (void)ctx;
    (void)flags;
    put_name(name);
    put("[");
    return MH_OK;
}

static int32_t end(void *ctx) {
    (void)ctx;
    put("/");
    return MH_OK;
}

static int32_t value(void *ctx, mh_str name, const mh_value *item) {
    char text[64];
    (void)ctx;
    if (values_until_gone == 0) return MH_E_CANCELLED;
    if (values_until_gone > 0) values_until_gone--;
    put_name(name);
    if (item->type == MH_INT)
        snprintf(text, sizeof(text), "%" PRId64 " ", item->as.integer);
    else
        snprintf(text, sizeof(text), "%.*s ", (int)item->as.text.len, item->as.text.ptr);
    put(text);
    return MH_OK;
}

static int32_t fail(void *ctx, int32_t code, mh_str text) {
    char number[16];
    (void)ctx;
    (void)text;
    snprintf(number, sizeof(number), "!%" PRId32, code);
    put(number);
    return MH_OK;
}

static void finish(void *ctx) {
    (void)ctx;
    put("#");
}

static const mh_mi_reply reply = {.struct_size = sizeof(mh_mi_reply), .begin_map = begin_map, .begin_list = begin_list,
                                  .end = end, .value = value, .fail = fail, .finish = finish};

static const mh_module *module;

/* Runs a command with at most one number; its answer is in `answer`. */
static int32_t run(const char *name, int64_t number) {
    mh_value argument = mh_int(number);
    mh_mi_call call = {.struct_size = sizeof(call), .command = mh_cstr(name), .transport = MH_STR("check")};
    uint32_t i;
    answer[0] = '\0';
    for (i = 0; i < module->commands.count; i++) {
        const mh_mi_command *command = (const mh_mi_command *)mh_array_at(&module->commands, i);
        if (!mh_str_equal(command->name, call.command)) continue;
        if (command->args.count) {
            call.args.items = &argument;
            call.args.count = 1;
            call.args.stride = sizeof(argument);
        }
        return command->handler(command->ctx, &call, &reply);
    }
    return MH_E_NOT_FOUND;
}

static void expect_answer(const char *command, int64_t number, int32_t code, const char *text) {
    int32_t got = run(command, number);
    expect(got == code && strcmp(answer, text) == 0, command, answer);
}

/* ---- parameters: the host's part of setting them ---- */

static void set_parameter(const char *name, mh_value to) {
    uint32_t i;
    for (i = 0; i < module->params.count; i++) {
        const mh_param *param = (const mh_param *)mh_array_at(&module->params, i);
        if (!mh_str_equal(param->name, mh_cstr(name))) continue;
        if (param->set)
            expect(param->set(param->ctx, &to, &error_sink) == MH_OK, "a good value is taken", name);
        else if (param->type == MH_STRING)
            *(mh_str *)param->storage = to.as.text;
        else if (param->type == MH_BOOL)
            *(int32_t *)param->storage = (int32_t)to.as.integer;
        else
            *(int64_t *)param->storage = to.as.integer;
        return;
    }
    expect(0, "the parameter exists", name);
}

/* ---- script ---- */

static void check_script(void) {
    const mh_script_function *function = (const mh_script_function *)mh_array_at(&module->functions, 0);
    const mh_script_variable *variable = (const mh_script_variable *)mh_array_at(&module->variables, 0);
    mh_value amount = mh_int(5);
    mh_array args = {&amount, 1, sizeof(amount)};
    mh_value got = mh_null();
    void *site = NULL;

    expect(variable->prepare(variable->ctx, mh_cstr("colour"), &site, NULL) < 0, "$counter(colour) is refused", "taken");
    expect(variable->prepare(variable->ctx, mh_cstr("value"), &site, NULL) == MH_OK, "$counter(value) is known", "refused");
    variable->set(variable->ctx, site, NULL, mh_cstr("value"), &amount);
    expect(function->call(function->ctx, NULL, NULL, &args) == 1, "counter_add(5) is true", "other");
    variable->get(variable->ctx, site, NULL, mh_cstr("value"), &got);
    expect(got.type == MH_INT && got.as.integer == 10, "$counter(value) is 10 after = 5 and counter_add(5)", "other");
    amount = mh_int(INT64_MAX);
    expect(function->call(function->ctx, NULL, NULL, &args) == -1, "counter_add is false on overflow", "other");
}

int main(int argc, char **argv) {
    static const mh_offer offer = {sizeof(mh_offer), MH_ABI_MAJOR, MH_ABI_MINOR, MH_STR("check"), MH_STR("1")};
    static const mh_host host = {sizeof(mh_host), 0, NULL, query};
    int32_t (*entry)(const mh_offer *, const mh_module **, const mh_error *);
    void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;

    if (!library) {
        fprintf(stderr, "usage: %s MODULE.so: %s\n", argv[0], argc == 2 ? dlerror() : "one module is expected");
        return 2;
    }
    *(void **)(&entry) = dlsym(library, "mh_module_entry_v1");
    if (!entry || entry(&offer, &module, &error_sink) != MH_OK || !module) {
        fprintf(stderr, "the module has no entry function, or refuses this host\n");
        return 1;
    }

    set_parameter("start", mh_int(100));
    set_parameter("step", mh_int(2));
    set_parameter("label", mh_text(mh_cstr("sheep")));
    set_parameter("interval", mh_int(1000000000));
    set_parameter("log_ticks", mh_bool(0));
    without_loop = 1;
    expect(module->init(module->ctx, &host, NULL) == MH_E_ABI, "init refuses a host without mh.loop/1", "other");
    without_loop = 0;
    if (module->init(module->ctx, &host, &error_sink) != MH_OK) return 1;

    expect_answer("counter.get", 0, MH_OK, "{label=sheep value=100 /");
    advance(3000000000);
    expect_answer("counter.get", 0, MH_OK, "{label=sheep value=106 /");
    expect(gauge && gauge(gauge_ctx) == 106, "the gauge follows the count", "other");
    expect_answer("counter.add", -6, MH_OK, "{label=sheep value=100 /");
    expect_answer("counter.add", INT64_MAX, MH_OK, "!409");
    expect_answer("counter.list", 3, MH_OK, "[value=100 value=101 value=102 /");
    expect_answer("counter.list", 0, MH_OK, "[/");
    expect_answer("counter.list", -1, MH_OK, "!400");
    values_until_gone = 2;
    expect_answer("counter.list", 10000000, MH_E_CANCELLED, "[value=100 value=101 ");
    values_until_gone = -1;

    expect_answer("counter.wait", 60001, MH_OK, "!400");
    expect_answer("counter.wait", 1500, MH_DEFERRED, "");
    advance(2000000000);
    expect(strcmp(answer, "{before=100 after=102 /#") == 0, "counter.wait answers after its time", answer);
    expect_answer("counter.reset", 0, MH_OK, "{label=sheep value=104 /");
    expect_answer("counter.get", 0, MH_OK, "{label=sheep value=100 /");

    log_lines = 0;
    expect(module->reopen(module->ctx, &error_sink) == MH_OK && log_lines == 1, "reopen logs one line", "other");
    log_level = MH_LOG_ERROR;
    module->reopen(module->ctx, &error_sink);
    expect(log_lines == 1, "a level that is not wanted writes no line", "other");
    check_script();

    expect_answer("counter.wait", 60000, MH_DEFERRED, "");
    module->drain(module->ctx);
    expect(!tasks[0].live, "drain ends the ticks", "a live timer");
    cancel(&tasks[1]); /* what the host does to timers that are left */
    expect(strcmp(answer, "!503#") == 0, "a wait that is cut short is answered with 503", answer);
    module->stop(module->ctx);

    if (failures == 0) printf("all is well\n");
    return failures ? 1 : 0;
}
