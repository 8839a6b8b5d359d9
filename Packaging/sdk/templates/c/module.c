/* @NAME@: a module for modhost. One parameter, one command, one timer, one counter; replace them with your own.
 *
 * The host calls every function here; which thread it does so on stands in the headers: modhost/module.h, mi.h, loop.h. */
#include <modhost/modhost.h>

#include <stdio.h>

#define NAME "@NAME@"
#define VERSION "0.1.0"
#define SECOND 1000000000 /* nanoseconds */

/* Read from the file before any code of it runs; it says what the descriptor at the end says. */
MH_MODULE_NOTE("name=" NAME "\nversion=" VERSION "\nabi=1.0\n");

static mh_str greeting; /* set by the host before `start` */
static const mh_counter_service *counters;
static mh_counter *seconds;

/* ---- the command ---- */

/* @IDENT@.greet [WHO], on the management thread. */
static int32_t greet(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    /* One value per declared argument, checked by the host; MH_NULL where it was left out. */
    const mh_value *argument = (const mh_value *)mh_array_at(&call->args, 0);
    mh_str who = argument && argument->type == MH_STRING ? argument->as.text : mh_cstr("world");
    char text[512];
    int length;
    mh_value value;
    int32_t code;
    (void)ctx;

    if (greeting.len + who.len > sizeof(text) - 4) {
        reply->fail(reply->ctx, 400, mh_cstr("greeting and name have more than 508 bytes together"));
        return MH_OK; /* the answer, an error, is complete */
    }
    length = snprintf(text, sizeof(text), "%.*s, %.*s!", (int)greeting.len, greeting.ptr, (int)who.len, who.ptr);
    value = mh_text(mh_bytes(text, (size_t)length));
    /* Negative: the client is gone. */
    if ((code = reply->begin_map(reply->ctx, mh_cstr(""), 0)) < 0) return code;
    if ((code = reply->value(reply->ctx, mh_cstr("text"), &value)) < 0) return code;
    return reply->end(reply->ctx);
}

/* ---- the timer ---- */

/* Once a second, on a worker: no waiting here. */
static void tick(void *ctx) {
    (void)ctx;
    counters->add(seconds, 1);
}

/* ---- the start ---- */

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    const mh_loop_service *loop;
    mh_timer_options timer;
    int32_t code;
    (void)ctx;

    /* The size says how much of a table is used here: a host whose table is shorter answers NULL. */
    counters = (const mh_counter_service *)host->query(host->self, mh_cstr(MH_COUNTER_SERVICE), sizeof(*counters));
    loop = (const mh_loop_service *)host->query(host->self, mh_cstr(MH_LOOP_SERVICE), sizeof(*loop));
    if (!counters || !loop) return mh_fail(err, MH_E_ABI, NAME " needs mh.counter/1 and mh.loop/1 of ABI 1.0");

    code = counters->create(host->self, MH_COUNTER, mh_cstr("seconds"), mh_cstr("seconds since the start"), &seconds, err);
    if (code < 0) return code; /* the callee has reported why */

    timer.struct_size = sizeof(timer);
    timer.worker = MH_WORKER_ANY;
    timer.first = SECOND;
    timer.interval = SECOND;
    timer.ctx = NULL;
    timer.fire = tick;
    timer.gone = NULL;
    return loop->timer(host->self, &timer, NULL, err); /* the host ends it when the module stops */
}

/* ---- the descriptor ---- */

static const mh_param params[] = {
    {
        .struct_size = sizeof(mh_param),
        .type = MH_STRING,
        .name = MH_STR("greeting"),
        .help = MH_STR("What comes before the name."),
        .default_text = MH_STR("Hello"),
        .storage = &greeting,
    },
};

static const mh_mi_arg greet_args[] = {
    {
        .struct_size = sizeof(mh_mi_arg),
        .type = MH_STRING,
        .flags = MH_MI_ARG_OPTIONAL,
        .name = MH_STR("who"),
        .help = MH_STR("Whom to greet; the world without it."),
    },
};

static const mh_mi_command commands[] = {
    {
        .struct_size = sizeof(mh_mi_command),
        .flags = MH_MI_READ,
        .name = MH_STR("@IDENT@.greet"),
        .summary = MH_STR("Greets somebody."),
        .example = MH_STR("@IDENT@.greet Alice"),
        .args = MH_ARRAY(greet_args),
        .handler = greet,
    },
};

static const mh_module descriptor = {
    .struct_size = sizeof(mh_module),
    .abi_major = MH_ABI_MAJOR,
    .abi_minor = 0, /* what is needed, not what the headers have */
    .name = MH_STR(NAME),
    .version = MH_STR(VERSION),
    .summary = MH_STR("Greets, and counts the seconds."),
    .params = MH_ARRAY(params),
    .commands = MH_ARRAY(commands),
    .init = start,
};

/* The one symbol of a module. Pure and quick: work begins in `start`. */
int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    if (!offer || offer->abi_major != MH_ABI_MAJOR)
        return mh_fail(err, MH_E_ABI, NAME " is built for module ABI 1; install a modhost that offers it");
    *module = &descriptor;
    return MH_OK;
}
