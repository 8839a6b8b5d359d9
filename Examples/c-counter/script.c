/* What the module adds to scripts, by the header modhost/script.h: the function counter_add(AMOUNT) and the
 * pseudo-variables $counter(value), which can be written too, $counter(step) and $counter(label). */
#include "counter.h"

/* counter_add(AMOUNT): true, or false when the count would overflow. Without AMOUNT it adds `step`. */
static int32_t call_add(void *ctx, void *site, mh_script *script, const mh_array *args) {
    const mh_value *amount = (const mh_value *)mh_array_at(args, 0);
    int64_t value;
    (void)ctx;
    (void)site;
    (void)script;
    if (counter_add(amount && amount->type == MH_INT ? amount->as.integer : counter_step(), &value) < 0) return -1;
    return 1; /* 0 would end the script */
}

/* What $counter(...) stands for. Each place in the config is looked at once, by prepare; get and set find its member by the
 * site that prepare chose. */
enum { MEMBER_VALUE, MEMBER_STEP, MEMBER_LABEL, MEMBERS };
static const mh_str member_names[MEMBERS] = {MH_STR("value"), MH_STR("step"), MH_STR("label")};

static int32_t prepare_variable(void *ctx, mh_str inner, void **site, const mh_error *err) {
    int32_t member;
    (void)ctx;
    for (member = 0; member < MEMBERS; member++) {
        if (mh_str_equal(inner, member_names[member])) {
            *site = (void *)(uintptr_t)&member_names[member];
            return MH_OK;
        }
    }
    return mh_fail(err, MH_E_INVALID, "expected $counter(value), $counter(step) or $counter(label)");
}

static int32_t get_variable(void *ctx, void *site, mh_script *script, mh_str key, mh_value *value) {
    (void)ctx;
    (void)script;
    (void)key;
    switch ((const mh_str *)site - member_names) {
    case MEMBER_VALUE: *value = mh_int(counter_value()); return MH_OK;
    case MEMBER_STEP: *value = mh_int(counter_step()); return MH_OK;
    case MEMBER_LABEL: *value = mh_text(counter_settings_.label); return MH_OK;
    default: return MH_E_INVALID;
    }
}

/* Writing: $counter(value) = 7; null puts it back to `start`, as counter.reset does. */
static int32_t set_variable(void *ctx, void *site, mh_script *script, mh_str key, const mh_value *value) {
    (void)ctx;
    (void)script;
    (void)key;
    if ((const mh_str *)site != &member_names[MEMBER_VALUE]) return MH_E_DENIED;
    switch (value->type) {
    case MH_INT: counter_set(value->as.integer); return MH_OK;
    case MH_NULL: counter_reset(); return MH_OK;
    default: return MH_E_INVALID;
    }
}

/* ---- declarations ---- */

static const mh_script_arg add_args[] = {
    {
        .struct_size = sizeof(mh_script_arg),
        .kind = MH_SCRIPT_ARG_INT,
        .flags = 1, /* optional */
        .name = MH_STR("amount"),
    },
};

const mh_script_function counter_functions[COUNTER_FUNCTIONS] = {
    {
        .struct_size = sizeof(mh_script_function),
        .name = MH_STR("counter_add"),
        .summary = MH_STR("Adds to the count; false when it would overflow."),
        .args = MH_ARRAY(add_args),
        .call = call_add,
    },
};

const mh_script_variable counter_variables[COUNTER_VARIABLES] = {
    {
        .struct_size = sizeof(mh_script_variable),
        .name = MH_STR("counter"),
        .summary = MH_STR("The count: $counter(value), $counter(step), $counter(label)."),
        .prepare = prepare_variable,
        .get = get_variable,
        .set = set_variable,
    },
};
