/* modhost/script.h: script functions and pseudo-variables that a module exports, and service "mh.script/1", which runs the
 * routes of the config.
 *
 * A route runs from its first statement to its last on one worker, and never waits. Functions and pseudo-variables are
 * therefore called on workers, several at a time, and must be quick. */
#ifndef MODHOST_SCRIPT_H
#define MODHOST_SCRIPT_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mh_script mh_script; /* opaque; one run of a route on one thread */

#define MH_SCRIPT_ARG_INT 1u      /* a number, or an expression that gives one */
#define MH_SCRIPT_ARG_TEXT 2u     /* text; pseudo-variables in it are expanded before the call */
#define MH_SCRIPT_ARG_LITERAL 3u  /* text as written, known when the config is read */
#define MH_SCRIPT_ARG_VARIABLE 4u /* a pseudo-variable to write to: an MH_INT for mh_script_service.assign */
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

/* ---- mh.script/1: running routes (since ABI 1.1) ---- */

#define MH_SCRIPT_NO_ROUTE 0u /* never the number of a route */

#define MH_SCRIPT_ENDED 0x01u   /* exit, drop, return 0 or a function's 0 ended the script */
#define MH_SCRIPT_DROPPED 0x02u /* it was drop */
#define MH_SCRIPT_REPLIED 0x04u /* the route replied: reply_code and reply_text hold it */

/* What a run came to. */
typedef struct mh_script_outcome {
    uint32_t struct_size; /* set by the caller before run */
    int32_t code;         /* the return code of the route: positive is true */
    uint32_t flags;       /* MH_SCRIPT_ENDED, ... */
    int32_t reply_code;   /* 0 without a reply */
    mh_str reply_text;    /* the host's, valid until the next run on this thread */
} mh_script_outcome;

typedef struct mh_script_format mh_script_format; /* opaque; a text with pseudo-variables, made ready */

#define MH_SCRIPT_SERVICE "mh.script/1"
typedef struct mh_script_service {
    uint32_t struct_size;
    uint32_t reserved;
    /* Finds a route: "request" is request_route, "NAME" is route[NAME], "event:htable:expired:users" is
     * event_route[htable:expired:users]. MH_E_NOT_FOUND when the config has none.
     * [thread: main] [phase: init] [blocks: no]
     * [owns: name is borrowed; *route is a number, valid until the process ends] */
    int32_t (*find)(mh_self *self, mh_str name, uint32_t *route);
    /* Runs a route to its end, with arguments (array of mh_log_field) that it reads as $arg(name); outcome may be NULL. From
     * within a route it is a run of its own. MH_E_STATE: not on a worker, or the routes are not ready yet (they are when
     * worker_start is called); MH_E_TIMEOUT: it ran over route_timeout and was stopped; MH_E_LIMIT: too many within
     * one another. [thread: worker] [phase: init+run+stop] [blocks: no]
     * [owns: arguments are borrowed for the call; *outcome is filled] */
    int32_t (*run)(mh_self *self, uint32_t route, const mh_array *arguments, mh_script_outcome *outcome,
                   const mh_error *err);
    /* Makes a text such as "src_ip=$si" ready. Names are checked at once; the owners of its pseudo-variables are asked to
     * prepare when every module is initialised. [thread: main] [phase: init] [blocks: no]
     * [owns: text is borrowed; *format is the host's, valid until the process ends] */
    int32_t (*format)(mh_self *self, mh_str text, mh_script_format **format, const mh_error *err);
    /* Expands a text. One that is a single pseudo-variable keeps its type (MH_NULL, MH_INT or MH_STRING); any other gives
     * MH_STRING. script: that of the function which asks, or NULL: $arg and the like are null then.
     * [thread: worker] [phase: init+run+stop] [blocks: no]
     * [owns: *value's text is the host's, valid until the next expand on this thread] */
    int32_t (*expand)(mh_self *self, const mh_script_format *format, mh_script *script, mh_value *value,
                      const mh_error *err);
    /* Writes to the pseudo-variable of an MH_SCRIPT_ARG_VARIABLE argument.
     * [thread: worker] [phase: run] [blocks: no] [owns: value is borrowed for the call] */
    int32_t (*assign)(mh_self *self, mh_script *script, int64_t variable, const mh_value *value, const mh_error *err);
    /* Reads an argument of the run: $arg(name). MH_E_NOT_FOUND: it has none of that name.
     * [thread: worker] [phase: run] [blocks: no] [owns: name is borrowed; *value's text is valid until the run ends] */
    int32_t (*argument)(mh_script *script, mh_str name, mh_value *value);
    /* Sets the reply of the run; the last one counts. code: 100 to 999.
     * [thread: worker] [phase: run] [blocks: no] [owns: text is borrowed and copied] */
    int32_t (*reply)(mh_script *script, int32_t code, mh_str text, const mh_error *err);
    /* Asks to be told on the thread of each run when it has ended (of runs within one another, the outermost).
     * [thread: main] [phase: init] [blocks: no] [owns: ctx is lent until stop] */
    int32_t (*on_end)(mh_self *self, void (*ended)(void *ctx), void *ctx);
} mh_script_service;

#ifdef __cplusplus
}
#endif
#endif
