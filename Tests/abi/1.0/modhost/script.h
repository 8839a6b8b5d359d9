/* modhost/script.h: DRAFT. Script functions and pseudo-variables that a module exports, and service "mh.script/1".
 *
 * The host stores and lists these from ABI 1.0 on; the evaluator comes with a later release, and until then this
 * header may change in a minor version. Everything else in this folder is stable. */
#ifndef MODHOST_SCRIPT_H
#define MODHOST_SCRIPT_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MH_SCRIPT_DRAFT 1

typedef struct mh_script mh_script; /* opaque; one run of a route on one thread */

#define MH_SCRIPT_ARG_INT 1u      /* a number, or an expression that gives one */
#define MH_SCRIPT_ARG_TEXT 2u     /* text; pseudo-variables in it are expanded before the call */
#define MH_SCRIPT_ARG_LITERAL 3u  /* text as written, known when the config is read */
#define MH_SCRIPT_ARG_VARIABLE 4u /* the name of a pseudo-variable to write to */
#define MH_SCRIPT_ARG_REGEX 5u    /* a POSIX extended pattern, checked when the config is read */

#define MH_SCRIPT_ARG_OPTIONAL 0x01u
#define MH_SCRIPT_VARIABLE_READ_ONLY 0x01u

typedef struct mh_script_arg {
    uint32_t struct_size;
    uint32_t kind;  /* MH_SCRIPT_ARG_... */
    uint32_t flags; /* MH_SCRIPT_ARG_OPTIONAL */
    uint32_t reserved;
    mh_str name;
} mh_script_arg;

typedef struct mh_script_function {
    uint32_t struct_size;
    uint32_t flags; /* 0 */
    mh_str name;
    mh_str summary;
    mh_array args; /* mh_script_arg */
    void *ctx;
    /* Looks at one place in the config that calls it. args: array of mh_value, literals known, others MH_NULL. *site
     * goes to every call from there. May be NULL. [thread: main] [phase: init] [blocks: yes]
     * [owns: args are borrowed; *site is the module's until release] */
    int32_t (*prepare)(void *ctx, const mh_array *args, void **site, const mh_error *err);
    /* Runs it: negative is false, 0 ends the script, positive is true. args: array of mh_value.
     * [thread: worker] [phase: run] [blocks: no] [owns: args are borrowed for the call] */
    int32_t (*call)(void *ctx, void *site, mh_script *script, const mh_array *args);
    /* Ends a site. May be NULL. [thread: main] [phase: stop] [blocks: no] [owns: site is the module's again] */
    void (*release)(void *ctx, void *site);
} mh_script_function;

typedef struct mh_script_variable {
    uint32_t struct_size;
    uint32_t flags; /* MH_SCRIPT_VARIABLE_READ_ONLY: set is NULL */
    mh_str name; /* the class: "sht" of $sht(table=>key) */
    mh_str summary;
    void *ctx;
    /* Looks at one place in the config; inner is the text between the parentheses. *site goes to every get and set. May
     * be NULL.
     * [thread: main] [phase: init] [blocks: no] [owns: inner is borrowed; *site is the module's until release] */
    int32_t (*prepare)(void *ctx, mh_str inner, void **site, const mh_error *err);
    /* Reads it; key is `inner` with pseudo-variables expanded. Text in *value is copied by the host at once.
     * [thread: worker] [phase: run] [blocks: no]
     * [owns: key is borrowed; *value's text is the module's, valid until its next call on this thread] */
    int32_t (*get)(void *ctx, void *site, mh_script *script, mh_str key, mh_value *value);
    /* Writes it; MH_NULL deletes. [thread: worker] [phase: run] [blocks: no]
     * [owns: key and value are borrowed for the call] */
    int32_t (*set)(void *ctx, void *site, mh_script *script, mh_str key, const mh_value *value);
    /* Ends a site. May be NULL. [thread: main] [phase: stop] [blocks: no] [owns: site is the module's again] */
    void (*release)(void *ctx, void *site);
} mh_script_variable;

#define MH_SCRIPT_SERVICE "mh.script/1"
typedef struct mh_script_service {
    uint32_t struct_size;
    uint32_t reserved;
    /* Finds a route: "NAME", or "event:htable:expired:users". MH_E_NOT_FOUND when the config has none.
     * [thread: main] [phase: init] [blocks: no] [owns: name is borrowed; *route is a static number] */
    int32_t (*find)(mh_self *self, mh_str name, uint32_t *route);
    /* Runs a route with variables preset (array of mh_log_field); answers its return code.
     * [thread: worker] [phase: run] [blocks: no] [owns: variables are borrowed for the call] */
    int32_t (*run)(mh_self *self, uint32_t route, const mh_array *variables, int32_t *code, const mh_error *err);
} mh_script_service;

#ifdef __cplusplus
}
#endif
#endif
