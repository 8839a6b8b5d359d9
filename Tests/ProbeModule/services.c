/* Commands, databases, settings, counters, the log, and what the host says to wrong use. */
#include "probe.h"

#include <unistd.h>

/* ---- running commands ---- */

typedef struct outcome {
    life life;
    char events[1024];
    size_t used;
} outcome;

static void add(outcome *it, const char *piece, size_t count) {
    if (it->used + count >= sizeof it->events) return;
    memcpy(it->events + it->used, piece, count);
    it->used += count;
    it->events[it->used] = 0;
}

static int32_t on_event(void *ctx, const mh_mi_event *event) {
    outcome *it = ctx;
    char piece[128] = "?";
    arrived("sink event");
    switch (event->kind) {
    case MH_MI_EVENT_MAP: snprintf(piece, sizeof piece, "{"); break;
    case MH_MI_EVENT_LIST: snprintf(piece, sizeof piece, "["); break;
    case MH_MI_EVENT_END: snprintf(piece, sizeof piece, ")"); break;
    case MH_MI_EVENT_VALUE:
        if (event->value.type == MH_STRING) {
            snprintf(piece, sizeof piece, "'%.*s'", (int)event->value.as.text.len, event->value.as.text.ptr);
        } else {
            snprintf(piece, sizeof piece, "%u:%lld", event->value.type, (long long)event->value.as.integer);
        }
    }
    add(it, " ", 1);
    add(it, piece, strlen(piece));
    return MH_OK;
}

static void on_done(void *ctx, int32_t code, mh_str text) {
    outcome *it = ctx;
    gone(&it->life, "sink");
    note("mi%s done %d %.*s on %s", it->events, code, (int)text.len, text.ptr ? text.ptr : "", here());
    free(it);
}

static int32_t execute(const char *name, const mh_mi_argument *arguments, uint32_t count) {
    outcome *it = calloc(1, sizeof *it);
    started(&it->life);
    mh_mi_request request = {.struct_size = sizeof request, .transport = MH_STR("probe"), .command = mh_cstr(name),
                             .args = {arguments, count, sizeof *arguments}};
    mh_mi_sink sink = {.struct_size = sizeof sink, .ctx = it, .event = on_event, .done = on_done};
    return commands->execute(self, &request, &sink, NULL);
}

HANDLER(probe_mi) {
    UNUSED;
    mh_mi_argument arguments[] = {
        {.struct_size = sizeof(mh_mi_argument), .value = mh_text(mh_cstr("hello"))},
        {.struct_size = sizeof(mh_mi_argument), .value = mh_int(-5)},
        {.struct_size = sizeof(mh_mi_argument), .name = MH_STR("c"), .value = mh_text(mh_cstr("d")), .text = MH_STR("c::d")},
    };
    if (execute("core.echo", arguments, 3) < 0 || execute("no.such", NULL, 0) < 0) return MH_E_STATE;
    return execute("probe.params", arguments, 1);
}

static int32_t on_route(void *ctx, int32_t found, mh_str value) {
    outcome *it = ctx;
    char piece[64];
    snprintf(piece, sizeof piece, "route %.*s ", found ? (int)value.len : 4, found ? value.ptr : "none");
    add(it, piece, strlen(piece));
    return MH_OK;
}

static int32_t on_write(void *ctx, mh_str bytes, int32_t may_block) {
    (void)may_block;
    add(ctx, bytes.ptr, bytes.len);
    return MH_OK;
}

static void on_written(void *ctx, int32_t code) {
    outcome *it = ctx;
    gone(&it->life, "jsonrpc sink");
    note("jsonrpc %s done %d", it->events, code);
    free(it);
}

HANDLER(probe_jsonrpc) {
    UNUSED;
    outcome *it = calloc(1, sizeof *it);
    started(&it->life);
    mh_jsonrpc_request request = {.struct_size = sizeof request, .flags = MH_JSONRPC_COMPACT, .transport = MH_STR("probe"),
                                  .text = text(call, 0), .route_member = MH_STR("to")};
    mh_jsonrpc_sink sink = {.struct_size = sizeof sink, .ctx = it, .route = on_route, .write = on_write, .done = on_written};
    return commands->jsonrpc(self, &request, &sink, NULL);
}

/* ---- a database ---- */

typedef struct storing {
    life life;
    char url[512];
    char outcome[512];
} storing;

static void store(void *ctx) {
    storing *it = ctx;
    kept_error kept;
    mh_error err = keep(&kept);
    mh_interface_ref ref = {.struct_size = sizeof ref};
    int32_t code = interfaces->acquire(self, mh_cstr(MH_DB_INTERFACE), mh_cstr("flatstore"), sizeof(mh_db_provider), &ref, &err);
    if (code < 0) {
        snprintf(it->outcome, sizeof it->outcome, "acquire %d %s", code, kept.text);
        return;
    }
    const mh_db_provider *provider = ref.table;
    mh_db_open options = {.struct_size = sizeof options, .url = mh_cstr(it->url), .caller = MH_STR("probe")};
    mh_db_column columns[] = {{.struct_size = sizeof(mh_db_column), .type = MH_STRING, .name = MH_STR("name")},
                              {.struct_size = sizeof(mh_db_column), .type = MH_INT, .name = MH_STR("number")}};
    mh_array list = MH_ARRAY(columns);
    mh_value row[] = {mh_text(mh_cstr("alice")), mh_int(42)};
    mh_db *db = NULL;
    mh_db_table *table = NULL;
    code = provider->open(ref.ctx, &options, &db, &err);
    if (code >= 0) code = provider->use_table(ref.ctx, db, mh_cstr("probe"), &list, &table, &err);
    if (code >= 0) code = provider->insert(ref.ctx, table, row, 2, &err);
    snprintf(it->outcome, sizeof it->outcome, "insert %d %s", code, kept.text);
    if (table) provider->release_table(ref.ctx, table);
    if (db) provider->close(ref.ctx, db);
}

static void stored(void *ctx) {
    storing *it = ctx;
    note("db %s", it->outcome);
    gone(&it->life, "db work");
    free(it);
}

HANDLER(probe_db) {
    UNUSED;
    storing *it = calloc(1, sizeof *it);
    started(&it->life);
    snprintf(it->url, sizeof it->url, "flatstore:%.*s", (int)text(call, 0).len, text(call, 0).ptr);
    mh_offload_options options = {.struct_size = sizeof options, .worker = MH_WORKER_ANY, .ctx = it, .work = store, .done = stored};
    return loops->offload(self, &options, NULL);
}

/* ---- settings, counters, the log ---- */

static int64_t compute(void *ctx) {
    arrived("computed gauge");
    return *(const int64_t *)ctx;
}

int32_t services_init(const mh_error *err) {
    static const int64_t answer = 42;
    mh_counter *events, *again, *level;
    int32_t code = counters->create(self, MH_COUNTER, mh_cstr("events"), mh_cstr("events seen"), &events, err);
    if (code >= 0) code = counters->create(self, MH_COUNTER, mh_cstr("events"), mh_cstr("events seen"), &again, err);
    if (code >= 0) code = counters->create(self, MH_GAUGE, mh_cstr("level"), mh_cstr("a level"), &level, err);
    if (code >= 0) code = counters->create_computed(self, mh_cstr("answer"), mh_cstr("computed"), compute, (void *)&answer, err);
    if (code < 0) return code;
    counters->add(events, 3);
    counters->add(again, 4);
    counters->add(NULL, 5);
    counters->set(level, -2);
    note("counter events %lld", (long long)counters->get(events));
    return MH_OK;
}

HANDLER(probe_params) {
    UNUSED;
    mh_value wait, words, none, workers, run_dir;
    int32_t found = params->get(self, mh_cstr("wait"), &wait), text_found = params->get(self, mh_cstr("words"), &words);
    reply->begin_map(reply->ctx, mh_cstr(""), 0);
    say(reply, "wait", "%d type %u %lld", found, wait.type, (long long)wait.as.integer);
    say(reply, "words", "%d %.*s", text_found, (int)words.as.text.len, words.as.text.ptr);
    say(reply, "none", "%d", params->get(self, mh_cstr("none"), &none));
    found = params->core(self, mh_cstr("workers"), &workers);
    say(reply, "workers", "%d %lld", found, (long long)workers.as.integer);
    found = params->core(self, mh_cstr("run_dir"), &run_dir);
    say(reply, "run_dir", "%d %s", found, run_dir.as.text.ptr[0] == '/' ? "absolute" : "relative");
    say(reply, "nothing", "%d", params->core(self, mh_cstr("nothing"), &none));
    return 0;
}

HANDLER(probe_log) {
    UNUSED;
    mh_log_field fields[] = {
        {.struct_size = sizeof(mh_log_field), .name = MH_STR("rows"), .value = mh_int(5)},
        {.struct_size = sizeof(mh_log_field), .name = MH_STR("why"), .value = mh_text(mh_cstr("disk full"))},
        {.struct_size = sizeof(mh_log_field), .name = MH_STR("wait"), .value = {.type = MH_DURATION, .as = {.integer = 1500000000}}},
    };
    mh_array list = MH_ARRAY(fields);
    logs->write(self, MH_LOG_WARNING, mh_cstr("first line\nforged line"), &list);
    logs->write(self, MH_LOG_DEBUG, mh_cstr("unwanted line"), NULL);
    say(reply, "", "%d", *logs->level(self));
    return 0;
}

/* ---- wrong use ---- */

static void nothing(void *ctx) { (void)ctx; }
static void no_data(void *ctx, mh_stream *stream, mh_str bytes) { (void)ctx, (void)stream, (void)bytes; }
static int32_t no_accept(void *ctx, mh_stream *stream, const mh_peer *peer, const mh_stream_handler **handler, void **stream_ctx) {
    (void)ctx, (void)stream, (void)peer, (void)handler, (void)stream_ctx;
    return MH_E_DENIED;
}

HANDLER(probe_misuse) {
    UNUSED;
    kept_error kept;
    mh_error err = keep(&kept);
    int32_t code;
    reply->begin_map(reply->ctx, mh_cstr(""), 0);
#define TRY(name, expression) kept.text[0] = 0; code = (expression); say(reply, name, "%d %s", code, kept.text)
    mh_listen_options listen = {.struct_size = sizeof listen, .url = mh_cstr("tcp://127.0.0.1:0"), .accept = no_accept};
    TRY("listen off main", nets->listen(self, &listen, NULL, &err));
    mh_datagram_options datagrams = {.struct_size = sizeof datagrams, .worker = 1, .url = mh_cstr("udp://127.0.0.1:0")};
    TRY("datagrams off main", nets->datagrams(self, &datagrams, NULL, &err));
    mh_timer_options timer = {.struct_size = sizeof timer, .worker = 99, .fire = nothing};
    TRY("timer on worker 99", loops->timer(self, &timer, NULL, &err));
    timer.worker = MH_WORKER_CURRENT;
    TRY("timer on no worker", loops->timer(self, &timer, NULL, &err));
    timer.worker = 1;
    timer.first = -1;
    TRY("timer in the past", loops->timer(self, &timer, NULL, &err));
    timer.first = 0;
    timer.fire = NULL;
    TRY("timer without fire", loops->timer(self, &timer, NULL, &err));
    timer.struct_size = 8;
    TRY("timer of 8 bytes", loops->timer(self, &timer, NULL, &err));
    mh_task *task;
    mh_watch_options watch = {.struct_size = sizeof watch, .worker = 1, .descriptor = -1, .events = MH_WATCH_READ,
                              .ready = (void (*)(void *, uint32_t))0};
    TRY("watch without ready", loops->watch(self, &watch, &task, &err));
    TRY("post nothing", loops->post(self, 1, NULL, NULL));
    TRY("post to worker 99", loops->post(self, 99, nothing, NULL));
    mh_offload_options offload = {.struct_size = sizeof offload, .worker = 1};
    TRY("offload nothing", loops->offload(self, &offload, &err));
    offload.work = nothing;
    offload.worker = 99;
    TRY("offload for worker 99", loops->offload(self, &offload, &err));
    mh_stream_handler handler = {.struct_size = sizeof handler, .data = no_data};
    mh_connect_options connect = {.struct_size = sizeof connect, .worker = 1, .url = mh_cstr("http://x:1"), .handler = &handler};
    TRY("connect to http", nets->connect(self, &connect, &err));
    connect.url = mh_cstr("udp://127.0.0.1:1");
    TRY("connect to udp", nets->connect(self, &connect, &err));
    connect.handler = NULL;
    TRY("connect without handler", nets->connect(self, &connect, &err));
    mh_adopt_options adopt = {.struct_size = sizeof adopt, .worker = 1, .descriptor = 987654, .flags = 0, .handler = &handler};
    TRY("adopt without flags", nets->adopt(self, &adopt, &err));
    adopt.flags = MH_ADOPT_READ;
    TRY("adopt nothing", nets->adopt(self, &adopt, &err));
    mh_interface_ref ref = {.struct_size = sizeof ref};
    TRY("acquire unannounced", interfaces->acquire(self, mh_cstr("mh.htable/1"), mh_cstr(""), 0, &ref, &err));
    mh_counter *counter;
    TRY("counter with blanks", counters->create(self, MH_COUNTER, mh_cstr("a b"), mh_cstr(""), &counter, &err));
    TRY("counter of kind 9", counters->create(self, 9, mh_cstr("ninth"), mh_cstr(""), &counter, &err));
    TRY("counter as gauge", counters->create(self, MH_GAUGE, mh_cstr("events"), mh_cstr(""), &counter, &err));
    mh_mi_request request = {.struct_size = 8};
    mh_mi_sink sink = {.struct_size = sizeof sink};
    TRY("execute nothing", commands->execute(self, &request, &sink, &err));
    return 0;
}
