/* A module as it was built in the days of ABI 1.0, when script.h was a draft: a function and a pseudo-variable for scripts, and
 * a stream listener whose callbacks come on workers. */
#include <modhost/modhost.h>

#if MH_ABI_MINOR != 0
#error "compile this with the headers of Tests/abi/1.0"
#endif

MH_MODULE_NOTE("name=old-script\nversion=1.0.0\nabi=1.0\n");

static mh_self *self;
static const mh_net_service *nets;
static const mh_thread_service *threads;
static mh_listener *listener;
static int64_t total;
static mh_str address;

/* old_add(AMOUNT) */
static int32_t call_add(void *ctx, void *site, mh_script *script, const mh_array *args) {
    const mh_value *amount = (const mh_value *)mh_array_at(args, 0);
    (void)ctx;
    (void)site;
    (void)script;
    if (!amount || amount->type != MH_INT) return -1;
    __atomic_add_fetch(&total, amount->as.integer, __ATOMIC_RELAXED);
    return 1;
}

static int32_t prepare_total(void *ctx, mh_str inner, void **site, const mh_error *err) {
    (void)ctx;
    *site = 0;
    return mh_str_equal(inner, mh_cstr("total")) ? MH_OK : mh_fail(err, MH_E_INVALID, "expected $old(total)");
}

static int32_t get_total(void *ctx, void *site, mh_script *script, mh_str key, mh_value *value) {
    (void)ctx;
    (void)site;
    (void)script;
    (void)key;
    *value = mh_int(__atomic_load_n(&total, __ATOMIC_RELAXED));
    return MH_OK;
}

static int32_t set_total(void *ctx, void *site, mh_script *script, mh_str key, const mh_value *value) {
    (void)ctx;
    (void)site;
    (void)script;
    (void)key;
    if (value->type != MH_INT) return MH_E_INVALID;
    __atomic_store_n(&total, value->as.integer, __ATOMIC_RELAXED);
    return MH_OK;
}

/* What came in goes back. */
static void data(void *ctx, mh_stream *stream, mh_str bytes) {
    (void)ctx;
    if (threads->kind(self) == MH_THREAD_WORKER) nets->write(stream, bytes);
}

static void gone(void *ctx, int32_t code, mh_str text) {
    (void)ctx;
    (void)code;
    (void)text;
}

static const mh_stream_handler handler = {.struct_size = sizeof(handler), .data = data, .gone = gone};

static int32_t accept_one(void *ctx, mh_stream *stream, const mh_peer *peer, const mh_stream_handler **use, void **stream_ctx) {
    (void)ctx;
    (void)stream;
    (void)peer;
    *use = &handler;
    *stream_ctx = 0;
    return MH_OK;
}

static int32_t read_total(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    mh_value value = mh_int(__atomic_load_n(&total, __ATOMIC_RELAXED));
    (void)ctx;
    (void)call;
    return reply->value(reply->ctx, mh_cstr(""), &value);
}

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    mh_listen_options options = {.struct_size = sizeof(options), .url = address, .accept = accept_one};
    (void)ctx;
    self = host->self;
    nets = (const mh_net_service *)host->query(self, mh_cstr(MH_NET_SERVICE), sizeof(*nets));
    threads = (const mh_thread_service *)host->query(self, mh_cstr(MH_THREAD_SERVICE), sizeof(*threads));
    if (!nets || !threads) return mh_fail(err, MH_E_ABI, "a service of ABI 1.0 is missing");
    return nets->listen(self, &options, &listener, err);
}

static const mh_param params[] = {
    {.struct_size = sizeof(mh_param), .type = MH_STRING, .flags = MH_PARAM_REQUIRED, .name = MH_STR("listen"),
     .help = MH_STR("Any."), .storage = &address},
};
static const mh_mi_command commands[] = {
    {.struct_size = sizeof(mh_mi_command), .flags = MH_MI_READ, .name = MH_STR("old.total"), .summary = MH_STR("Any."),
     .example = MH_STR("old.total"), .handler = read_total},
};
static const mh_script_arg add_args[] = {
    {.struct_size = sizeof(mh_script_arg), .kind = MH_SCRIPT_ARG_INT, .name = MH_STR("amount")},
};
static const mh_script_function functions[] = {
    {.struct_size = sizeof(mh_script_function), .name = MH_STR("old_add"), .summary = MH_STR("Any."),
     .args = MH_ARRAY(add_args), .call = call_add},
};
static const mh_script_variable variables[] = {
    {.struct_size = sizeof(mh_script_variable), .name = MH_STR("old"), .summary = MH_STR("Any."), .prepare = prepare_total,
     .get = get_total, .set = set_total},
};
static const mh_module descriptor = {
    .struct_size = sizeof(mh_module), .abi_major = MH_ABI_MAJOR, .abi_minor = MH_ABI_MINOR, .name = MH_STR("old-script"),
    .version = MH_STR("1.0.0"), .summary = MH_STR("Built with the headers of ABI 1.0."), .params = MH_ARRAY(params),
    .commands = MH_ARRAY(commands), .functions = MH_ARRAY(functions), .variables = MH_ARRAY(variables), .init = start,
};

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    (void)offer;
    (void)err;
    *module = &descriptor;
    return MH_OK;
}
