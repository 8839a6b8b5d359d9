/* The management commands. The host has parsed and checked the arguments against the declarations at the end of this file,
 * so a handler begins with values of the right type; it replies through the writer and never knows who asked, or how. */
#include "counter.h"

#define LIST_MAXIMUM 10000000

/* Answers {"label": ..., "value": ...}. */
static int32_t reply_with_count(const mh_mi_reply *reply, int64_t count) {
    mh_value label = mh_text(counter_settings_.label);
    mh_value value = mh_int(count);
    int32_t code;
    if ((code = reply->begin_map(reply->ctx, mh_cstr(""), 0)) < 0) return code;
    if ((code = reply->value(reply->ctx, mh_cstr("label"), &label)) < 0) return code;
    if ((code = reply->value(reply->ctx, mh_cstr("value"), &value)) < 0) return code;
    return reply->end(reply->ctx);
}

/* Argument `index`; the host delivers one value per declared argument, MH_NULL where it was left out. */
static const mh_value *argument(const mh_mi_call *call, uint32_t index) {
    return (const mh_value *)mh_array_at(&call->args, index);
}

/* counter.get */
static int32_t get(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    (void)call;
    return reply_with_count(reply, counter_value());
}

/* counter.add AMOUNT */
static int32_t add(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    const mh_value *amount = argument(call, 0);
    int64_t value;
    (void)ctx;
    if (!amount || amount->type != MH_INT) return MH_E_INVALID;
    if (counter_add(amount->as.integer, &value) < 0) {
        reply->fail(reply->ctx, 409, mh_cstr("the count would leave the range of 64 bits; it is unchanged"));
        return MH_OK; /* the answer, an error, is complete */
    }
    return reply_with_count(reply, value);
}

/* counter.reset; answers with the count that was dropped, so that reading and resetting is one step. */
static int32_t reset(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    (void)call;
    return reply_with_count(reply, counter_reset());
}

/* counter.list LENGTH: the values to come, one after the other. The reply streams: a slow reader holds this thread up inside
 * `value`, no memory grows, and once the reader is gone `value` turns negative and the work ends. */
static int32_t list(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    const mh_value *length = argument(call, 0);
    int64_t next = counter_value();
    int64_t left;
    int32_t code;
    (void)ctx;
    if (!length || length->type != MH_INT) return MH_E_INVALID;
    left = length->as.integer;
    if (left < 0 || left > LIST_MAXIMUM) {
        reply->fail(reply->ctx, 400, mh_cstr("length is from 0 to 10000000"));
        return MH_OK;
    }
    if ((code = reply->begin_list(reply->ctx, mh_cstr(""), 0)) < 0) return code;
    for (; left > 0; left--) {
        mh_value value = mh_int(next);
        if ((code = reply->value(reply->ctx, mh_cstr("value"), &value)) < 0) return code;
        if (__builtin_add_overflow(next, 1, &next)) break;
    }
    return reply->end(reply->ctx);
}

/* ---- declarations ---- */

static const mh_mi_arg add_args[] = {
    {
        .struct_size = sizeof(mh_mi_arg),
        .type = MH_INT,
        .name = MH_STR("amount"),
        .help = MH_STR("How much to add; negative to take away."),
    },
};

static const mh_mi_arg list_args[] = {
    {
        .struct_size = sizeof(mh_mi_arg),
        .type = MH_INT,
        .name = MH_STR("length"),
        .help = MH_STR("How many values, from 0 to 10000000."),
    },
};

static const mh_mi_arg wait_args[] = {
    {
        .struct_size = sizeof(mh_mi_arg),
        .type = MH_INT,
        .name = MH_STR("milliseconds"),
        .help = MH_STR("How long to wait, from 0 to 60000."),
    },
};

static const mh_str reset_aliases[] = {MH_STR("c_counter_reset")};

const mh_mi_command counter_commands[COUNTER_COMMANDS] = {
    {
        .struct_size = sizeof(mh_mi_command),
        .flags = MH_MI_READ,
        .name = MH_STR("counter.get"),
        .summary = MH_STR("Shows the count."),
        .example = MH_STR("counter.get"),
        .handler = get,
    },
    {
        .struct_size = sizeof(mh_mi_command),
        .flags = MH_MI_CHANGE,
        .name = MH_STR("counter.add"),
        .summary = MH_STR("Adds to the count and shows it."),
        .example = MH_STR("counter.add 5"),
        .args = MH_ARRAY(add_args),
        .handler = add,
    },
    {
        .struct_size = sizeof(mh_mi_command),
        .flags = MH_MI_CHANGE,
        .name = MH_STR("counter.reset"),
        .aliases = MH_ARRAY(reset_aliases),
        .summary = MH_STR("Sets the count back to the parameter start and shows what it was."),
        .example = MH_STR("counter.reset"),
        .handler = reset,
    },
    {
        .struct_size = sizeof(mh_mi_command),
        .flags = MH_MI_READ | MH_MI_SLOW, /* long replies belong on a thread of their own */
        .name = MH_STR("counter.list"),
        .summary = MH_STR("Lists the values to come, as many as asked for."),
        .example = MH_STR("counter.list 3"),
        .args = MH_ARRAY(list_args),
        .handler = list,
    },
    {
        .struct_size = sizeof(mh_mi_command),
        .flags = MH_MI_READ,
        .name = MH_STR("counter.wait"),
        .summary = MH_STR("Waits, then shows how far the count has come meanwhile."),
        .example = MH_STR("counter.wait 1500"),
        .args = MH_ARRAY(wait_args),
        .handler = counter_wait,
    },
};
