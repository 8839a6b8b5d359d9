/* scripted: a module that uses every function of mh.script/1, for the tests of routes.
 *
 * It keeps count of what the host asks of it; scripted.counts tells. */
#include <modhost/modhost.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

MH_MODULE_NOTE("name=scripted\nversion=1.0.0\nabi=1.1\n");

static mh_self *self;
static const mh_loop_service *loop;
static const mh_script_service *script;
static mh_script_format *format;
static mh_str format_text, wanted;
static int32_t refuses_dropped;
static _Atomic int64_t prepared, released, ended, stored;

/* ---- functions ---- */

static const mh_value *argument(const mh_array *args, uint32_t index) { return (const mh_value *)mh_array_at(args, index); }

static int32_t call_add(void *ctx, void *site, mh_script *run, const mh_array *args) {
    (void)ctx;
    (void)site;
    (void)run;
    return (int32_t)(argument(args, 0)->as.integer + (args->count > 1 ? argument(args, 1)->as.integer : 1));
}

static int32_t call_assign(void *ctx, void *site, mh_script *run, const mh_array *args) {
    (void)ctx;
    (void)site;
    return script->assign(self, run, argument(args, 0)->as.integer, argument(args, 1), NULL) < 0 ? -1 : 1;
}

/* scripted_check(PATTERN, WORD): both are known when the config is read. */
static int32_t prepare_check(void *ctx, const mh_array *args, void **site, const mh_error *err) {
    (void)ctx;
    if (argument(args, 0)->type != MH_STRING || argument(args, 1)->type != MH_STRING)
        return mh_fail(err, MH_E_INVALID, "a literal is not known");
    if (mh_str_equal(argument(args, 1)->as.text, mh_cstr("bad"))) return mh_fail(err, MH_E_INVALID, "the word is bad");
    *site = malloc(1);
    prepared++;
    return MH_OK;
}

static int32_t call_check(void *ctx, void *site, mh_script *run, const mh_array *args) {
    (void)ctx;
    (void)run;
    (void)args;
    return site ? 1 : -1;
}

static void release_site(void *ctx, void *site) {
    (void)ctx;
    free(site);
    released++;
}

/* scripted_nest(ROUTE): runs another route with the argument from=nest, and answers what it came to. */
static int32_t prepare_nest(void *ctx, const mh_array *args, void **site, const mh_error *err) {
    uint32_t route;
    (void)ctx;
    if (script->find(self, argument(args, 0)->as.text, &route) < 0) return mh_fail(err, MH_E_NOT_FOUND, "there is no such route");
    *site = (void *)(uintptr_t)route;
    return MH_OK;
}

static int32_t call_nest(void *ctx, void *site, mh_script *run, const mh_array *args) {
    mh_log_field field = {.struct_size = sizeof(mh_log_field), .name = MH_STR("from")};
    mh_array fields = {&field, 1, sizeof(field)};
    mh_script_outcome outcome = {.struct_size = sizeof(outcome)};
    int32_t code;
    (void)ctx;
    (void)args;
    field.value = mh_text(mh_cstr("nest"));
    code = script->run(self, (uint32_t)(uintptr_t)site, &fields, &outcome, NULL);
    if (code < 0) return code;
    if (outcome.flags & MH_SCRIPT_REPLIED) script->reply(run, outcome.reply_code, outcome.reply_text, NULL);
    return outcome.code;
}

/* scripted_format(): replies with the text of modparam format, expanded. */
static int32_t call_format(void *ctx, void *site, mh_script *run, const mh_array *args) {
    mh_value value;
    (void)ctx;
    (void)site;
    (void)args;
    if (script->expand(self, format, run, &value, NULL) < 0 || value.type != MH_STRING) return -1;
    return script->reply(run, 200, value.as.text, NULL) < 0 ? -1 : 1;
}

/* scripted_has(NAME): whether the run has that argument; scripted_has("code") replies with code 42, which is refused. */
static int32_t call_has(void *ctx, void *site, mh_script *run, const mh_array *args) {
    mh_value value;
    (void)ctx;
    (void)site;
    if (mh_str_equal(argument(args, 0)->as.text, mh_cstr("code"))) return script->reply(run, 42, mh_cstr("x"), NULL);
    return script->argument(run, argument(args, 0)->as.text, &value) < 0 ? -1 : 1;
}

#define ARG(kind_, name_, flags_) {.struct_size = sizeof(mh_script_arg), .kind = kind_, .flags = flags_, .name = MH_STR(name_)}
static const mh_script_arg add_args[] = {
    ARG(MH_SCRIPT_ARG_INT, "a", 0), ARG(MH_SCRIPT_ARG_INT, "b", MH_SCRIPT_ARG_OPTIONAL)};
static const mh_script_arg assign_args[] = {ARG(MH_SCRIPT_ARG_VARIABLE, "to", 0), ARG(MH_SCRIPT_ARG_TEXT, "value", 0)};
static const mh_script_arg check_args[] = {ARG(MH_SCRIPT_ARG_REGEX, "pattern", 0), ARG(MH_SCRIPT_ARG_LITERAL, "word", 0)};
static const mh_script_arg nest_args[] = {ARG(MH_SCRIPT_ARG_LITERAL, "route", 0)};
static const mh_script_arg has_args[] = {ARG(MH_SCRIPT_ARG_TEXT, "name", 0)};

#define FUNCTION(name_, ...) {.struct_size = sizeof(mh_script_function), .name = MH_STR(name_), __VA_ARGS__}
static const mh_script_function functions[] = {
    FUNCTION("scripted_add", .args = MH_ARRAY(add_args), .call = call_add),
    FUNCTION("scripted_assign", .args = MH_ARRAY(assign_args), .call = call_assign),
    FUNCTION("scripted_check", .args = MH_ARRAY(check_args), .prepare = prepare_check, .call = call_check,
             .release = release_site),
    FUNCTION("scripted_nest", .args = MH_ARRAY(nest_args), .prepare = prepare_nest, .call = call_nest),
    FUNCTION("scripted_format", .call = call_format),
    FUNCTION("scripted_has", .args = MH_ARRAY(has_args), .call = call_has),
};

/* ---- $scripted(...): one number, whatever the key; the key "gone" cannot be read nor written ---- */

static int32_t prepare_variable(void *ctx, mh_str inner, void **site, const mh_error *err) {
    (void)ctx;
    if (mh_str_equal(inner, mh_cstr("never"))) return mh_fail(err, MH_E_INVALID, "never is not to be read");
    *site = malloc(1);
    prepared++;
    return MH_OK;
}

static int32_t get_variable(void *ctx, void *site, mh_script *run, mh_str key, mh_value *value) {
    (void)ctx;
    (void)site;
    (void)run;
    if (mh_str_equal(key, mh_cstr("gone"))) return MH_E_NOT_FOUND;
    *value = mh_str_equal(key, mh_cstr("null")) ? mh_null() : mh_int(stored);
    return MH_OK;
}

static int32_t set_variable(void *ctx, void *site, mh_script *run, mh_str key, const mh_value *value) {
    (void)ctx;
    (void)site;
    (void)run;
    if (mh_str_equal(key, mh_cstr("gone"))) return MH_E_DENIED;
    stored = value->type == MH_INT ? value->as.integer : -1;
    return MH_OK;
}

static const mh_script_variable variables[] = {
    {.struct_size = sizeof(mh_script_variable), .name = MH_STR("scripted"), .prepare = prepare_variable, .get = get_variable,
     .set = set_variable, .release = release_site},
    {.struct_size = sizeof(mh_script_variable), .flags = MH_SCRIPT_VARIABLE_READ_ONLY, .name = MH_STR("scripted_fixed"),
     .get = get_variable},
};

/* ---- commands ---- */

static void count(const mh_mi_reply *reply, const char *name, int64_t number) {
    mh_value value = mh_int(number);
    reply->value(reply->ctx, mh_cstr(name), &value);
}

static int32_t tell_counts(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    (void)call;
    reply->begin_map(reply->ctx, (mh_str)MH_EMPTY_STR, 0);
    count(reply, "prepared", prepared);
    count(reply, "released", released);
    count(reply, "ended", ended);
    reply->end(reply->ctx);
    return MH_OK;
}

/* scripted.loop TIMES: runs event_route[scripted:loop] so often on worker 1, and answers how often it was true. */
typedef struct repeat {
    const mh_mi_reply *reply;
    int64_t times;
} repeat;

static uint32_t loop_route;

static void run_repeat(void *ctx) {
    repeat *work = (repeat *)ctx;
    int64_t good = 0, index;
    for (index = 0; index < work->times; index++) {
        mh_script_outcome outcome = {.struct_size = sizeof(outcome)};
        mh_log_field fields[2] = {
            {.struct_size = sizeof(mh_log_field), .name = MH_STR("index")},
            {.struct_size = sizeof(mh_log_field), .name = MH_STR("name")},
        };
        mh_array all = MH_ARRAY(fields);
        fields[0].value = mh_int(index);
        fields[1].value = mh_text(mh_cstr("scripted"));
        if (script->run(self, loop_route, &all, &outcome, NULL) == MH_OK && outcome.code > 0) good++;
    }
    count(work->reply, "", good);
    work->reply->finish(work->reply->ctx);
    free(work);
}

static int32_t start_repeat(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    repeat *work = (repeat *)malloc(sizeof(repeat));
    (void)ctx;
    if (!work) return MH_E_NO_MEMORY;
    work->reply = reply;
    work->times = argument(&call->args, 0)->as.integer;
    /* Here is no worker: a route cannot run. */
    if (script->run(self, loop_route, NULL, NULL, NULL) != MH_E_STATE) work->times = -1;
    loop->post(self, 1, run_repeat, work);
    return MH_DEFERRED;
}

static const mh_mi_arg loop_args[] = {{.struct_size = sizeof(mh_mi_arg), .type = MH_INT, .name = MH_STR("times")}};
static const mh_mi_command commands[] = {
    {.struct_size = sizeof(mh_mi_command), .flags = MH_MI_READ, .name = MH_STR("scripted.counts"), .handler = tell_counts},
    {.struct_size = sizeof(mh_mi_command), .flags = MH_MI_CHANGE, .name = MH_STR("scripted.loop"), .args = MH_ARRAY(loop_args),
     .handler = start_repeat},
};

/* ---- life ---- */

static const mh_param params[] = {
    {.struct_size = sizeof(mh_param), .type = MH_STRING, .name = MH_STR("format"), .default_text = MH_STR("from $arg(ip)"),
     .storage = &format_text},
    {.struct_size = sizeof(mh_param), .type = MH_STRING, .name = MH_STR("start"), .storage = &wanted},
    {.struct_size = sizeof(mh_param), .type = MH_BOOL, .name = MH_STR("refuses_dropped"), .storage = &refuses_dropped},
};

static void route_ended(void *ctx) {
    (void)ctx;
    ended++;
}

static uint32_t start_route;

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    mh_value value;
    (void)ctx;
    self = host->self;
    loop = (const mh_loop_service *)host->query(self, mh_cstr(MH_LOOP_SERVICE), sizeof(mh_loop_service));
    script = (const mh_script_service *)host->query(self, mh_cstr(MH_SCRIPT_SERVICE), sizeof(mh_script_service));
    if (!loop || !script) return mh_fail(err, MH_E_ABI, "scripted needs mh.loop/1 and mh.script/1");
    prepared = released = ended = 0;
    script->find(self, mh_cstr("event:scripted:loop"), &loop_route);
    if (wanted.len && script->find(self, wanted, &start_route) < 0) {
        char text[100];
        snprintf(text, sizeof(text), "there is no route %.*s", (int)wanted.len, wanted.ptr);
        return mh_fail(err, MH_E_NOT_FOUND, text);
    }
    if (script->format(self, format_text, &format, err) < 0) return MH_E_INVALID;
    if (script->expand(self, format, NULL, &value, NULL) != MH_E_STATE) return mh_fail(err, MH_E_INTERNAL, "expand on main");
    return script->on_end(self, route_ended, NULL);
}

/* Runs the route of modparam start on worker 1; a drop refuses the start. */
static int32_t start_on_worker(void *ctx, uint32_t worker, const mh_error *err) {
    mh_script_outcome outcome = {.struct_size = sizeof(outcome)};
    int32_t code;
    (void)ctx;
    if (worker != 1 || start_route == MH_SCRIPT_NO_ROUTE) return MH_OK;
    code = script->run(self, start_route, NULL, &outcome, err);
    if (code == MH_OK && refuses_dropped && outcome.flags & MH_SCRIPT_DROPPED)
        return mh_fail(err, MH_E_DENIED, "the start route dropped");
    return code;
}

static const mh_module descriptor = {
    .struct_size = sizeof(mh_module),
    .abi_major = MH_ABI_MAJOR,
    .abi_minor = 1,
    .name = MH_STR("scripted"),
    .version = MH_STR("1.0.0"),
    .summary = MH_STR("Uses every function of mh.script/1."),
    .params = MH_ARRAY(params),
    .commands = MH_ARRAY(commands),
    .functions = MH_ARRAY(functions),
    .variables = MH_ARRAY(variables),
    .init = start,
    .worker_start = start_on_worker,
};

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    (void)offer;
    (void)err;
    *module = &descriptor;
    return MH_OK;
}
