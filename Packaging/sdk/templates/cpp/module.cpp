// @NAME@: a module for modhost. One parameter, one command, one timer, one counter; replace them with your own.
//
// The host calls every function here; which thread it does so on stands in the headers: modhost/module.h, mi.h, loop.h. No
// exception may leave a function that the host calls: `guarded` turns one into an error.
#include <modhost/modhost.h>

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#define NAME "@NAME@"
#define VERSION "0.1.0"

// Read from the file before any code of it runs; it says what the descriptor at the end says.
MH_MODULE_NOTE("name=" NAME "\nversion=" VERSION "\nabi=1.0\n");

namespace {

constexpr std::int64_t second = 1'000'000'000;  // nanoseconds

mh_str greeting;  // set by the host before `start`
const mh_counter_service *counters;
mh_counter *seconds;

std::string_view view(mh_str text) { return {text.len ? text.ptr : "", text.len}; }
mh_str lend(std::string_view text) { return mh_bytes(text.data(), text.size()); }

// Runs a body that answers a code; what it throws goes to `fail`, a function that takes the text and answers a code.
template <typename Body, typename Fail>
std::int32_t guarded(Body body, Fail fail) noexcept {
    try {
        return body();
    } catch (const std::exception &error) {
        return fail(error.what());
    } catch (...) {
        return fail("something was thrown that is no std::exception");
    }
}

// ---- the command ----

// @IDENT@.greet [WHO], on the management thread.
std::int32_t greet(void *, const mh_mi_call *call, const mh_mi_reply *reply) noexcept {
    const auto body = [&]() -> std::int32_t {
        // One value per declared argument, checked by the host; MH_NULL where it was left out.
        const auto *argument = static_cast<const mh_value *>(mh_array_at(&call->args, 0));
        const auto who = argument && argument->type == MH_STRING ? view(argument->as.text) : std::string_view("world");

        const auto text = std::string(view(greeting)).append(", ").append(who).append("!");
        const auto value = mh_text(lend(text));
        // Negative: the client is gone.
        if (const auto code = reply->begin_map(reply->ctx, lend(""), 0); code < 0) return code;
        if (const auto code = reply->value(reply->ctx, lend("text"), &value); code < 0) return code;
        return reply->end(reply->ctx);
    };
    return guarded(body, [&](const char *text) { return reply->fail(reply->ctx, 500, mh_cstr(text)); });
}

// ---- the timer ----

// Once a second, on a worker: no waiting here.
void tick(void *) noexcept { counters->add(seconds, 1); }

// ---- the start ----

std::int32_t start(void *, const mh_host *host, const mh_error *err) noexcept {
    const auto body = [&]() -> std::int32_t {
        // The size says how much of a table is used here: a host whose table is shorter answers NULL.
        counters = static_cast<const mh_counter_service *>(
            host->query(host->self, lend(MH_COUNTER_SERVICE), sizeof(mh_counter_service)));
        const auto *loop =
            static_cast<const mh_loop_service *>(host->query(host->self, lend(MH_LOOP_SERVICE), sizeof(mh_loop_service)));
        if (!counters || !loop) return mh_fail(err, MH_E_ABI, NAME " needs mh.counter/1 and mh.loop/1 of ABI 1.0");

        const auto code =
            counters->create(host->self, MH_COUNTER, lend("seconds"), lend("seconds since the start"), &seconds, err);
        if (code < 0) return code;  // the callee has reported why

        const mh_timer_options timer = {
            .struct_size = sizeof(timer),
            .worker = MH_WORKER_ANY,
            .first = second,
            .interval = second,
            .fire = tick,
        };
        return loop->timer(host->self, &timer, nullptr, err);  // the host ends it when the module stops
    };
    return guarded(body, [&](const char *text) { return mh_fail(err, MH_E_INTERNAL, text); });
}

// ---- the descriptor ----

const mh_param params[] = {
    {
        .struct_size = sizeof(mh_param),
        .type = MH_STRING,
        .name = MH_STR("greeting"),
        .help = MH_STR("What comes before the name."),
        .default_text = MH_STR("Hello"),
        .storage = &greeting,
    },
};

const mh_mi_arg greet_args[] = {
    {
        .struct_size = sizeof(mh_mi_arg),
        .type = MH_STRING,
        .flags = MH_MI_ARG_OPTIONAL,
        .name = MH_STR("who"),
        .help = MH_STR("Whom to greet; the world without it."),
    },
};

const mh_mi_command commands[] = {
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

const mh_module descriptor = {
    .struct_size = sizeof(mh_module),
    .abi_major = MH_ABI_MAJOR,
    .abi_minor = 0,  // what is needed, not what the headers have
    .name = MH_STR(NAME),
    .version = MH_STR(VERSION),
    .summary = MH_STR("Greets, and counts the seconds."),
    .params = MH_ARRAY(params),
    .commands = MH_ARRAY(commands),
    .init = start,
};

}  // namespace

// The one symbol of a module. Pure and quick: work begins in `start`.
std::int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    if (!offer || offer->abi_major != MH_ABI_MAJOR)
        return mh_fail(err, MH_E_ABI, NAME " is built for module ABI 1; install a modhost that offers it");
    *module = &descriptor;
    return MH_OK;
}
