/* crasher: a module whose commands and script functions end the host in the ways in which modules do. For the tests of the crash report. */
#include <modhost/modhost.h>

#include <stdlib.h>

MH_MODULE_NOTE("name=crasher\nversion=1.0.0\nabi=1.0\n");

static int32_t read_null(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    volatile const int *nowhere = 0;
    (void)ctx;
    (void)call;
    (void)reply;
    return *nowhere;
}

static int32_t give_up(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    (void)call;
    (void)reply;
    abort();
}

static int32_t tick_over(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply);

static const mh_mi_command commands[] = {
    {
        .struct_size = sizeof(mh_mi_command),
        .flags = MH_MI_READ,
        .name = MH_STR("crasher.null"),
        .summary = MH_STR("Reads address 0 on the management thread."),
        .handler = read_null,
    },
    {
        .struct_size = sizeof(mh_mi_command),
        .flags = MH_MI_READ | MH_MI_SLOW,
        .name = MH_STR("crasher.abort"),
        .summary = MH_STR("Calls abort on a thread of the pool."),
        .handler = give_up,
    },
    {
        .struct_size = sizeof(mh_mi_command),
        .flags = MH_MI_CHANGE,
        .name = MH_STR("crasher.timer"),
        .summary = MH_STR("Starts a timer that reads address 0 on a worker."),
        .handler = tick_over,
    },
};

static int32_t crash_call(void *ctx, void *site, mh_script *script, const mh_array *args) {
    (void)ctx;
    (void)site;
    (void)script;
    (void)args;
    abort();
}

static int32_t crash_get(void *ctx, void *site, mh_script *script, mh_str key, mh_value *value) {
    (void)ctx;
    (void)site;
    (void)script;
    (void)key;
    (void)value;
    abort();
}

static const mh_script_function functions[] = {
    {.struct_size = sizeof(mh_script_function), .name = MH_STR("crasher_call"), .call = crash_call},
};
static const mh_script_variable variables[] = {
    {.struct_size = sizeof(mh_script_variable), .flags = MH_SCRIPT_VARIABLE_READ_ONLY, .name = MH_STR("crasher"),
     .get = crash_get},
};

static const mh_loop_service *loop;
static mh_self *self;

static void read_null_later(void *ctx) {
    volatile const int *nowhere = 0;
    (void)ctx;
    (void)*nowhere;
}

static int32_t tick_over(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    mh_timer_options timer = {.struct_size = sizeof(mh_timer_options)};
    (void)ctx;
    (void)call;
    (void)reply;
    timer.worker = MH_WORKER_ANY;
    timer.fire = read_null_later;
    return loop->timer(self, &timer, 0, 0);
}

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    (void)ctx;
    self = host->self;
    loop = (const mh_loop_service *)host->query(host->self, mh_cstr(MH_LOOP_SERVICE), sizeof(mh_loop_service));
    return loop ? MH_OK : mh_fail(err, MH_E_ABI, "crasher needs mh.loop/1");
}

static const mh_module descriptor = {
    .struct_size = sizeof(mh_module),
    .abi_major = MH_ABI_MAJOR,
    .abi_minor = 0,
    .name = MH_STR("crasher"),
    .version = MH_STR("1.0.0"),
    .summary = MH_STR("Crashes on demand."),
    .commands = MH_ARRAY(commands),
    .functions = MH_ARRAY(functions),
    .variables = MH_ARRAY(variables),
    .init = start,
};

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    (void)offer;
    (void)err;
    *module = &descriptor;
    return MH_OK;
}
