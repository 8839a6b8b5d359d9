/* The descriptor, the journal and the hooks. */
#include "probe.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <unistd.h>

MH_MODULE_NOTE("name=probe\nversion=1.0.0\nabi=1.0\nrequires=mh.db/1:flatstore?\n");

const mh_host *host;
mh_self *self;
const mh_log_service *logs;
const mh_loop_service *loops;
const mh_net_service *nets;
const mh_mi_service *commands;
const mh_thread_service *threads;
const mh_counter_service *counters;
const mh_param_service *params;
const mh_interface_service *interfaces;
atomic_int outstanding;

static int journal = -1;
static atomic_int has_stopped;
static atomic_int doubles;
static mh_str journal_path;

void note(const char *format, ...) {
    char line[1024];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(line, sizeof line - 1, format, list);
    va_end(list);
    if (length < 0) return;
    if (length > (int)sizeof line - 2) length = sizeof line - 2;
    line[length++] = '\n';
    if (write(journal, line, (size_t)length) != length) abort();
}

void arrived(const char *what) {
    if (atomic_load(&has_stopped)) note("LATE %s", what);
}

const char *here(void) {
    static _Thread_local char place[32];
    static const char *const kinds[] = {"main", "worker", "management", "pool", "foreign"};
    uint32_t kind = threads->kind(self);
    snprintf(place, sizeof place, "%s %u", kind < 5 ? kinds[kind] : "?", threads->index(self));
    return place;
}

void started(life *it) {
    atomic_store(&it->gone, 0);
    atomic_fetch_add(&outstanding, 1);
}

void gone(life *it, const char *what) {
    arrived(what);
    if (atomic_fetch_add(&it->gone, 1) != 0) {
        atomic_fetch_add(&doubles, 1);
        note("TWICE %s", what);
        return;
    }
    atomic_fetch_sub(&outstanding, 1);
}

static void keep_text(void *ctx, int32_t code, mh_str text) {
    (void)code;
    kept_error *kept = ctx;
    snprintf(kept->text, sizeof kept->text, "%.*s", (int)text.len, text.ptr ? text.ptr : "");
}

mh_error keep(kept_error *kept) {
    kept->text[0] = 0;
    mh_error sink = {kept, keep_text};
    return sink;
}

const mh_value *argument(const mh_mi_call *call, uint32_t index) { return mh_array_at(&call->args, index); }
int64_t number(const mh_mi_call *call, uint32_t index) { return argument(call, index)->as.integer; }
mh_str text(const mh_mi_call *call, uint32_t index) { return argument(call, index)->as.text; }

void say(const mh_mi_reply *reply, const char *name, const char *format, ...) {
    char line[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    mh_value value = mh_text(mh_cstr(line));
    reply->value(reply->ctx, mh_cstr(name), &value);
}

static int32_t start(void *ctx, const mh_host *offered, const mh_error *err) {
    (void)ctx;
    host = offered;
    self = offered->self;
#define FIND(variable, id) \
    variable = host->query(self, mh_cstr(id), sizeof *variable); \
    if (!variable) return mh_fail(err, MH_E_ABI, "this host has no " id)
    FIND(logs, MH_LOG_SERVICE);
    FIND(loops, MH_LOOP_SERVICE);
    FIND(nets, MH_NET_SERVICE);
    FIND(commands, MH_MI_SERVICE);
    FIND(threads, MH_THREAD_SERVICE);
    FIND(counters, MH_COUNTER_SERVICE);
    FIND(params, MH_PARAM_SERVICE);
    FIND(interfaces, MH_INTERFACE_SERVICE);
    char path[512];
    snprintf(path, sizeof path, "%.*s", (int)journal_path.len, journal_path.ptr);
    journal = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0) return mh_fail(err, MH_E_IO, "the journal cannot be opened");
    note("init %s", here());
    note("unknown service %s", host->query(self, mh_cstr("mh.none/1"), 0) ? "found" : "null");
    note("larger service %s", host->query(self, mh_cstr(MH_LOOP_SERVICE), 100000) ? "found" : "null");
    mh_value run_dir;
    if (params->core(self, mh_cstr("run_dir"), &run_dir) < 0) return mh_fail(err, MH_E_INTERNAL, "no run_dir");
    snprintf(path, sizeof path, "%.*s", (int)run_dir.as.text.len, run_dir.as.text.ptr);
    int32_t code = services_init(err);
    return code < 0 ? code : streams_init(path, err);
}

static int32_t worker_start(void *ctx, uint32_t worker, const mh_error *err) {
    (void)ctx, (void)err;
    note("worker_start %u on %s", worker, here());
    return MH_OK;
}

static void worker_stop(void *ctx, uint32_t worker) {
    (void)ctx;
    arrived("worker_stop");
    note("worker_stop %u on %s", worker, here());
}

static int32_t reopen(void *ctx, const mh_error *err) {
    (void)ctx, (void)err;
    note("reopen on %s", here());
    return MH_OK;
}

static void drain(void *ctx) {
    (void)ctx;
    note("drain on %s", here());
}

static void stop(void *ctx) {
    (void)ctx;
    note("stop on %s: outstanding %d, twice %d, services %s", here(), atomic_load(&outstanding), atomic_load(&doubles),
         host->query(self, mh_cstr(MH_LOG_SERVICE), 0) ? "answer" : "null");
    atomic_store(&has_stopped, 1);
    pthread_t thread;
    if (pthread_create(&thread, NULL, linger, NULL) == 0) pthread_detach(thread);
}

static const mh_param probe_parameters[] = {
    {.struct_size = sizeof(mh_param), .type = MH_STRING, .flags = MH_PARAM_REQUIRED, .name = MH_STR("journal"),
     .help = MH_STR("The file to which the journal is appended."), .storage = &journal_path},
    {.struct_size = sizeof(mh_param), .type = MH_DURATION, .name = MH_STR("wait"), .help = MH_STR("A duration."),
     .default_text = MH_STR("250ms")},
    {.struct_size = sizeof(mh_param), .type = MH_STRING, .name = MH_STR("words"), .help = MH_STR("A text."),
     .default_text = MH_STR("by default")},
};

#define ARG(arg_name, arg_type) {.struct_size = sizeof(mh_mi_arg), .type = (arg_type), .name = MH_STR(arg_name)}
static const mh_mi_arg timer_args[] = {ARG("name", MH_STRING), ARG("worker", MH_INT), ARG("first", MH_DURATION),
                                       ARG("interval", MH_DURATION), ARG("cancel", MH_STRING)};
static const mh_mi_arg count_args[] = {ARG("count", MH_INT)};
static const mh_mi_arg echo_args[] = {ARG("url", MH_STRING), ARG("bytes", MH_INT)};
static const mh_mi_arg path_args[] = {ARG("path", MH_STRING)};
#define COMMAND(command_name, function, ...) \
    {.struct_size = sizeof(mh_mi_command), .flags = MH_MI_CHANGE, .name = MH_STR(command_name), \
     .summary = MH_STR("A scenario of the tests."), .handler = (function), __VA_ARGS__}
static const mh_mi_command probe_commands[] = {
    COMMAND("probe.timer", probe_timer, .args = MH_ARRAY(timer_args)),
    COMMAND("probe.watch", probe_watch, .ctx = 0),
    COMMAND("probe.hangup", probe_hangup, .ctx = 0),
    COMMAND("probe.post", probe_post, .args = MH_ARRAY(count_args)),
    COMMAND("probe.offload", probe_offload, .ctx = 0),
    COMMAND("probe.threads", probe_threads, .ctx = 0),
    COMMAND("probe.addresses", probe_addresses, .ctx = 0),
    COMMAND("probe.echo", probe_echo, .args = MH_ARRAY(echo_args)),
    COMMAND("probe.adopt", probe_adopt, .args = MH_ARRAY(path_args)),
    COMMAND("probe.udp", probe_udp, .ctx = 0),
    COMMAND("probe.mi", probe_mi, .ctx = 0),
    COMMAND("probe.jsonrpc", probe_jsonrpc, .args = MH_ARRAY(path_args)),
    COMMAND("probe.db", probe_db, .args = MH_ARRAY(path_args)),
    COMMAND("probe.params", probe_params, .ctx = 0),
    COMMAND("probe.log", probe_log, .ctx = 0),
    COMMAND("probe.misuse", probe_misuse, .ctx = 0),
    COMMAND("probe.busy", probe_busy, .args = MH_ARRAY(count_args)),
};

static const mh_requirement probe_requirements[] = {
    {.struct_size = sizeof(mh_requirement), .flags = MH_REQUIRE_OPTIONAL, .id = MH_STR(MH_DB_INTERFACE),
     .selector = MH_STR("flatstore")},
};

static const mh_module descriptor = {
    .struct_size = sizeof(mh_module),
    .abi_major = MH_ABI_MAJOR,
    .name = MH_STR("probe"),
    .version = MH_STR("1.0.0"),
    .summary = MH_STR("Uses every service of the host, for the tests."),
    .params = MH_ARRAY(probe_parameters),
    .commands = MH_ARRAY(probe_commands),
    .requires_ = MH_ARRAY(probe_requirements),
    .init = start,
    .worker_start = worker_start,
    .worker_stop = worker_stop,
    .reopen = reopen,
    .drain = drain,
    .stop = stop,
};

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    (void)offer, (void)err;
    *module = &descriptor;
    return MH_OK;
}
