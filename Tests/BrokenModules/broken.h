/* The sound part of every module in this folder, so that each file shows its one fault and nothing else.
 *
 *   BROKEN_NOTE("name");                      a good ELF note; BROKEN_NOTE_TEXT("name=...\n") for another
 *   BROKEN_MODULE("name", .params = ...);     a good descriptor with these fields added, and the entry function
 *   BROKEN_ENTRY(&descriptor)                 the entry function alone
 *   BROKEN_SERVICE(mh_log_service, MH_LOG_SERVICE)   a service in init, whose host parameter is called host
 */
#ifndef BROKEN_H
#define BROKEN_H

#include <modhost/modhost.h>

#define BROKEN_NOTE_TEXT(text) MH_MODULE_NOTE(text)
#define BROKEN_NOTE(name) MH_MODULE_NOTE("name=" name "\nversion=1.0.0\nabi=1.0\n")

#define BROKEN_ENTRY(address) \
    int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) { \
        (void)offer; \
        (void)err; \
        *module = (address); \
        return MH_OK; \
    }

#define BROKEN_DESCRIPTOR(module_name, ...) \
    static const mh_module descriptor = { \
        .struct_size = sizeof(mh_module), \
        .abi_major = 1, \
        .name = MH_STR(module_name), \
        .version = MH_STR("1.0.0"), \
        .summary = MH_STR("A module with one fault, for the tests."), \
        __VA_ARGS__ \
    };

#define BROKEN_MODULE(module_name, ...) \
    BROKEN_DESCRIPTOR(module_name, __VA_ARGS__) \
    BROKEN_ENTRY(&descriptor)

/* The beginning of a good parameter, command, argument... for use inside braces. */
#define BROKEN_PARAM(param_name, param_type) \
    .struct_size = sizeof(mh_param), .type = (param_type), .name = MH_STR(param_name)
#define BROKEN_COMMAND(command_name) \
    .struct_size = sizeof(mh_mi_command), .name = MH_STR(command_name), .handler = broken_handler
#define BROKEN_ARG(arg_name) .struct_size = sizeof(mh_mi_arg), .type = MH_STRING, .name = MH_STR(arg_name)

#define BROKEN_SERVICE(type, id) ((const type *)host->query(host->self, mh_cstr(id), sizeof(type)))

/* A sound handler; it answers with an empty map. */
static inline int32_t broken_handler(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    (void)call;
    (void)reply;
    return MH_OK;
}

#endif
