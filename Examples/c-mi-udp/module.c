/* The module as the host sees it: the ELF note, parameters, hooks, one command, and the one exported symbol.
 *
 * mi-datagram is a transport: it carries management commands as JSON-RPC in datagrams, one a request and one a reply, over
 * UNIX sockets and UDP. It shows how a module brings sockets of its own (mh.loop/1) and hands requests to the host
 * (mh.mi/1). */
#include "datagram.h"

#include <string.h>
#include <unistd.h>

/* Read from the file before any code of it runs; name, version, abi and alias must equal the descriptor's. */
MH_MODULE_NOTE("name=" NAME "\nversion=1.0.0\nabi=1.0\nalias=mi_datagram\n");

services services_;
settings settings_;
counters counters_;

static receiver receivers[PLACES_MAXIMUM];
static uint32_t open_count; /* of receivers; main thread until the host serves, then fixed until stop */

void log_line(int32_t level, const char *text, const char *subject) {
    mh_log_field field;
    mh_array fields;
    if (level > *services_.log->level(services_.self)) return;
    memset(&field, 0, sizeof(field));
    field.struct_size = sizeof(field);
    field.name = mh_cstr("address");
    field.value = mh_text(mh_cstr(subject));
    fields.items = &field;
    fields.count = 1;
    fields.stride = sizeof(field);
    services_.log->write(services_.self, level, mh_cstr(text), &fields);
}

/* ---- parameters ---- */

static int32_t set_listen(void *ctx, const mh_value *value, const mh_error *err) {
    int32_t code;
    (void)ctx;
    if (settings_.count == PLACES_MAXIMUM) return mh_fail(err, MH_E_LIMIT, "there can be 16 addresses at most");
    code = place_parse(value->as.text, &settings_.places[settings_.count], err);
    if (code >= 0) settings_.count++;
    return code;
}

static int32_t set_mode(void *ctx, const mh_value *value, const mh_error *err) {
    mh_str text = value->as.text;
    uint32_t mode = 0;
    size_t i;
    (void)ctx;
    for (i = 0; i < text.len && i < 5 && text.ptr[i] >= '0' && text.ptr[i] <= '7'; i++)
        mode = mode * 8 + (uint32_t)(text.ptr[i] - '0');
    if (i == 0 || i < text.len || mode > 0777)
        return mh_fail(err, MH_E_INVALID, "expected permission bits in octal digits, such as 0660");
    settings_.mode = mode;
    return MH_OK;
}

static const mh_param params[] = {
    {
        .struct_size = sizeof(mh_param),
        .type = MH_STRING,
        .flags = MH_PARAM_REQUIRED | MH_PARAM_REPEATABLE,
        .name = MH_STR("listen"),
        .help = MH_STR("Where requests come in: unix:/PATH or udp://HOST:PORT; port 0 picks one."),
        .set = set_listen,
    },
    {
        .struct_size = sizeof(mh_param),
        .type = MH_STRING,
        .name = MH_STR("socket_mode"),
        .help = MH_STR("Permission bits of UNIX sockets, octal."),
        .default_text = MH_STR("0660"),
        .set = set_mode,
    },
    {
        .struct_size = sizeof(mh_param),
        .type = MH_SIZE,
        .name = MH_STR("max_reply"),
        .help = MH_STR("The longest reply; a longer one is answered with an error. Over UDP never more than 65507."),
        .unit = MH_STR("bytes"),
        .default_text = MH_STR("64k"),
        .minimum = 1024,
        .maximum = 204800,
        .storage = &settings_.max_reply,
    },
    {
        .struct_size = sizeof(mh_param),
        .type = MH_INT,
        .name = MH_STR("max_pending"),
        .help = MH_STR("How many requests may wait for their replies; more are dropped."),
        .default_text = MH_STR("256"),
        .minimum = 1,
        .maximum = 65536,
        .storage = &settings_.max_pending,
    },
};

/* ---- the command ---- */

/* mi_datagram.info: the addresses as they are bound, which tells the port that 0 picked. */
static int32_t info(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    mh_value number = mh_int(pending());
    uint32_t i;
    int32_t code;
    (void)ctx;
    (void)call;
    if ((code = reply->begin_map(reply->ctx, mh_cstr(""), 0)) < 0) return code;
    if ((code = reply->begin_list(reply->ctx, mh_cstr("addresses"), 0)) < 0) return code;
    for (i = 0; i < open_count; i++) {
        mh_value shown = mh_text(mh_cstr(receivers[i].shown));
        if ((code = reply->value(reply->ctx, mh_cstr("address"), &shown)) < 0) return code;
    }
    if ((code = reply->end(reply->ctx)) < 0) return code;
    if ((code = reply->value(reply->ctx, mh_cstr("pending"), &number)) < 0) return code;
    return reply->end(reply->ctx);
}

static const mh_mi_command commands[] = {
    {
        .struct_size = sizeof(mh_mi_command),
        .flags = MH_MI_READ,
        .name = MH_STR("mi_datagram.info"),
        .summary = MH_STR("Shows the addresses and how many requests wait for their replies."),
        .example = MH_STR("mi_datagram.info"),
        .handler = info,
    },
};

/* ---- hooks ---- */

static void ready(void *ctx, uint32_t events) {
    (void)events; /* an error is read off the socket like a datagram */
    receive((receiver *)ctx);
}

static void unlink_all(void) {
    uint32_t i;
    for (i = 0; i < open_count; i++) {
        if (receivers[i].place->is_unix) unlink(receivers[i].place->path);
    }
}

static int32_t open_one(const place *from, const mh_error *err) {
    receiver *made = &receivers[open_count];
    mh_watch_options options;
    int32_t is_open, code;

    code = place_bind(from, settings_.mode, err);
    if (code < 0) return code;
    made->place = from;
    made->descriptor = code;
    open_count++;
    place_show(from, made->descriptor, made->shown, &is_open);

    memset(&options, 0, sizeof(options));
    options.struct_size = sizeof(options);
    options.worker = MH_WORKER_MANAGEMENT;
    options.descriptor = made->descriptor;
    options.events = MH_WATCH_READ;
    options.ctx = made;
    options.ready = ready;
    code = services_.loop->watch(services_.self, &options, &made->watch, err);
    if (code < 0) return code;
    log_line(MH_LOG_NOTICE, "management commands are taken in datagrams", made->shown);
    if (is_open)
        log_line(MH_LOG_WARNING, "other machines can reach this address, and commands need no password", made->shown);
    return MH_OK;
}

static int32_t make_counters(const mh_error *err) {
    const mh_counter_service *service = services_.counter;
    struct {
        mh_counter **counter;
        const char *name, *help;
    } wanted[] = {
        {&counters_.requests, "requests", "requests that were run"},
        {&counters_.replies, "replies", "replies that were sent"},
        {&counters_.lost, "replies_lost", "replies that nobody took"},
        {&counters_.refused, "requests_refused", "datagrams that were no request, or came when too many waited"},
    };
    size_t i;
    for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        int32_t code = service->create(services_.self, MH_COUNTER, mh_cstr(wanted[i].name), mh_cstr(wanted[i].help),
                                       wanted[i].counter, err);
        if (code < 0) return code; /* the callee has reported why */
    }
    return MH_OK;
}

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    services *s = &services_;
    uint32_t i;
    int32_t code;
    (void)ctx;

    s->self = host->self;
    s->log = (const mh_log_service *)host->query(host->self, mh_cstr(MH_LOG_SERVICE), sizeof(mh_log_service));
    s->loop = (const mh_loop_service *)host->query(host->self, mh_cstr(MH_LOOP_SERVICE), sizeof(mh_loop_service));
    s->counter =
        (const mh_counter_service *)host->query(host->self, mh_cstr(MH_COUNTER_SERVICE), sizeof(mh_counter_service));
    s->mi = (const mh_mi_service *)host->query(host->self, mh_cstr(MH_MI_SERVICE), sizeof(mh_mi_service));
    if (!s->log || !s->loop || !s->counter || !s->mi)
        return mh_fail(err, MH_E_ABI, NAME " needs the services mh.log/1, mh.loop/1, mh.counter/1 and mh.mi/1 of ABI 1.0");

    code = make_counters(err);
    for (i = 0; code >= 0 && i < settings_.count; i++) code = open_one(&settings_.places[i], err);
    if (code >= 0) return MH_OK;
    /* stop is not called after a failed init. The host cancels the watches that stand, and ends: the descriptors must stay
     * open until then, but no file may stay behind. */
    unlink_all();
    return code;
}

/* No new requests from here on; replies still go out. */
static void drain(void *ctx) {
    uint32_t i;
    (void)ctx;
    for (i = 0; i < open_count; i++) services_.loop->cancel(receivers[i].watch);
}

/* The last reply has been sent. */
static void stop(void *ctx) {
    (void)ctx;
    unlink_all();
    while (open_count > 0) close(receivers[--open_count].descriptor);
}

/* ---- the descriptor ---- */

static const mh_str aliases[] = {MH_STR("mi_datagram")};

static const mh_module descriptor = {
    .struct_size = sizeof(mh_module),
    .abi_major = MH_ABI_MAJOR,
    .abi_minor = 0, /* what is needed, not what the headers have */
    .name = MH_STR(NAME),
    .version = MH_STR("1.0.0"),
    .summary = MH_STR("Management commands as JSON-RPC in UNIX and UDP datagrams."),
    .aliases = MH_ARRAY(aliases),
    .params = MH_ARRAY(params),
    .commands = MH_ARRAY(commands),
    .init = start,
    .drain = drain,
    .stop = stop,
};

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    if (offer->abi_major != MH_ABI_MAJOR) return mh_fail(err, MH_E_ABI, NAME " is built for module ABI 1");
    *module = &descriptor;
    return MH_OK;
}
