/* modhost/module.h: what a module exports: its one symbol, its descriptor, its hooks; and what the host hands to init.
 *
 * Life of a module: the ELF note is read from the file (no code runs) -> dlopen -> mh_module_entry_v1 -> parameters are
 * set -> init -> worker_start on each worker -> ... -> drain -> worker_stop on each worker -> stop. `stop` is not
 * called when `init` failed. After `stop` has returned no callback arrives. The code stays mapped until the process ends.
 */
#ifndef MODHOST_MODULE_H
#define MODHOST_MODULE_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what the host offers at entry ---- */

typedef struct mh_offer {
    uint32_t struct_size;
    uint16_t abi_major; /* MH_ABI_MAJOR of the host */
    uint16_t abi_minor; /* MH_ABI_MINOR of the host */
    mh_str host_name;    /* "modhost"; for logs only, never to be compared */
    mh_str host_version; /* product version; for logs only, never to be compared */
} mh_offer;

/* ---- what init receives ---- */

typedef struct mh_host {
    uint32_t struct_size;
    uint32_t reserved;
    mh_self *self; /* valid until the process ends */
    /* Looks up a service table such as "mh.log/1". NULL when the host has none of that name or its table is smaller than
     * min_size bytes (0: any size); outside init...stop it is NULL and logged. The table is static.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: id is borrowed; the table belongs to the host, for ever] */
    const void *(*query)(mh_self *self, mh_str id, size_t min_size);
} mh_host;

/* ---- parameters ---- */

#define MH_PARAM_REQUIRED 0x01u   /* start fails without it */
#define MH_PARAM_REPEATABLE 0x02u /* each modparam line adds a value; without it the last line wins and a warning says so */
#define MH_PARAM_SECRET 0x04u     /* its value is never shown nor logged */
#define MH_PARAM_LIVE 0x08u       /* may be set while running, by `module.set`; needs a setter */
#define MH_PARAM_DEPRECATED 0x10u /* setting it logs a warning with the help text */
#define MH_PARAM_FLAGS 0x1Fu

/* A parameter, set by modparam("module", "name", value). The host parses and checks the value: type, range, choices.
 * Accepted spellings: int: number; float: number; bool: 0/1, yes/no, on/off, true/false; string: text; duration: number in
 * `unit` (default "s") or text such as "200ms", "1h30m"; size: number of bytes or text such as "64k", "1 MiB"; list: text
 * split at commas, blanks trimmed. Either `set` or `storage` (or neither, for mh.param/1 readers) is given, never both; LIVE
 * and MH_LIST need `set`. A default_text that does not fit type, range or choices is refused at load. */
typedef struct mh_param {
    uint32_t struct_size;
    uint32_t type;  /* MH_INT, MH_FLOAT, MH_BOOL, MH_STRING, MH_DURATION, MH_SIZE, MH_LIST */
    uint32_t flags; /* MH_PARAM_... */
    uint32_t reserved;
    mh_str name;
    mh_str help;          /* one sentence */
    mh_str unit;          /* of a bare number: "s", "ms", "bytes", "rows"; shown in help */
    mh_str default_text;  /* as written in a config; applied when no line sets it; empty: no default (storage untouched) */
    int64_t minimum;      /* int, duration (ns) and size (bytes): inclusive bounds; both 0 means unbounded */
    int64_t maximum;
    double float_minimum; /* float: inclusive bounds; both 0 means unbounded */
    double float_maximum;
    mh_array choices;     /* string: the texts allowed (mh_str); empty: any */
    /* Where the host stores it before init: int64_t (int, duration, size), double (float), int32_t (bool), mh_str (string;
     * the bytes stay valid until the process ends). */
    void *storage;
    void *ctx; /* of set */
    /* Takes a checked value, once per modparam line, in file order; a list arrives as MH_LIST of MH_STRING.
     * A negative return refuses it; the host adds file:line:column to the text.
     * [thread: main] [phase: load+run] [blocks: no] [owns: value is borrowed for the call] */
    int32_t (*set)(void *ctx, const mh_value *value, const mh_error *err);
} mh_param;

/* ---- interfaces between modules ---- */

/* Offers a table of functions to other modules under an id such as "mh.db/1" and a selector such as "flatstore" (for
 * databases: the URL scheme). The table's first field is its struct_size. */
typedef struct mh_interface {
    uint32_t struct_size;
    uint32_t reserved;
    mh_str id;
    mh_str selector;
    const void *table; /* static */
    void *ctx;         /* first argument of the table's functions */
} mh_interface;

#define MH_REQUIRE_OPTIONAL 0x01u /* use it when it is there */
#define MH_REQUIRE_FLAGS 0x01u

/* Names an interface that this module acquires. Providers are initialised first and stopped last. */
typedef struct mh_requirement {
    uint32_t struct_size;
    uint32_t flags; /* MH_REQUIRE_... */
    mh_str id;
    mh_str selector; /* empty: any */
} mh_requirement;

/* ---- the descriptor ---- */

#define MH_MODULE_FLAGS 0x00u /* none are defined yet */

struct mh_mi_command;     /* modhost/mi.h */
struct mh_script_function; /* modhost/script.h */
struct mh_script_variable; /* modhost/script.h */

typedef struct mh_module {
    uint32_t struct_size;
    uint16_t abi_major; /* MH_ABI_MAJOR the module was built with */
    uint16_t abi_minor; /* the minor that it needs, not the one it was built with */
    uint32_t flags;     /* 0 */
    uint32_t reserved;
    mh_str name; /* [a-z][a-z0-9_-]*, at most 64 bytes; equals the ELF note's */
    mh_str version;
    mh_str summary;   /* one sentence */
    mh_array aliases; /* mh_str: other names for loadmodule and modparam ("db_flatstore") */
    mh_array params;    /* mh_param */
    mh_array commands;  /* mh_mi_command */
    mh_array functions; /* mh_script_function (draft) */
    mh_array variables; /* mh_script_variable (draft) */
    mh_array provides;  /* mh_interface */
    mh_array requires_; /* mh_requirement; the underscore is for C++20, where the plain word is reserved */
    void *ctx;          /* of the hooks */
    /* Starts the module: every parameter is set, providers are running. Must not wait for another module's callbacks.
     * [thread: main] [phase: init] [blocks: yes] [owns: host is static; err is borrowed for the call] */
    int32_t (*init)(void *ctx, const mh_host *host, const mh_error *err);
    /* Runs once on each worker before it serves anything. worker: its thread index, from 1.
     * [thread: worker] [phase: init] [blocks: yes] [owns: nothing] */
    int32_t (*worker_start)(void *ctx, uint32_t worker, const mh_error *err);
    /* Runs once on each worker after the drain. [thread: worker] [phase: stop] [blocks: yes] [owns: nothing] */
    void (*worker_stop)(void *ctx, uint32_t worker);
    /* Reopens files (SIGHUP). [thread: main] [phase: run] [blocks: yes] [owns: err is borrowed for the call] */
    int32_t (*reopen)(void *ctx, const mh_error *err);
    /* Takes no new work and finishes what is under way; listeners are closed already.
     * [thread: main] [phase: stop] [blocks: yes] [owns: nothing] */
    void (*drain)(void *ctx);
    /* Ends the module: writes out what is buffered, frees what it owns. Services still answer.
     * [thread: main] [phase: stop] [blocks: yes] [owns: nothing] */
    void (*stop)(void *ctx);
} mh_module;

#if defined(_WIN32)
#error "modhost modules are ELF shared objects"
#endif
#if defined(__GNUC__)
#define MH_EXPORT __attribute__((visibility("default")))
#else
#define MH_EXPORT
#endif

/* The one symbol of a module; the ABI's major version is in its name. Pure and quick: it looks at nothing but the
 * offer, starts nothing, and stores the address of a static descriptor. A negative return (with a text) refuses this host.
 * [thread: main] [phase: load] [blocks: no] [owns: offer and err are borrowed; *module is static] */
MH_EXPORT int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err);

/* ---- mh.interface/1: reaching other modules ---- */

typedef struct mh_interface_ref {
    uint32_t struct_size; /* set by the caller before acquire */
    uint32_t reserved;
    const void *table;
    void *ctx;
} mh_interface_ref;

#define MH_INTERFACE_SERVICE "mh.interface/1"
typedef struct mh_interface_service {
    uint32_t struct_size;
    uint32_t reserved;
    /* Finds the table that another module provides; the module must have named it in requires_. MH_E_NOT_FOUND when nobody
     * does, MH_E_ABI when its table is smaller than min_size. Valid until this module's stop has returned.
     * [thread: any] [phase: init+run] [blocks: no]
     * [owns: id and selector are borrowed; *ref is filled; its table is static] */
    int32_t (*acquire)(mh_self *self, mh_str id, mh_str selector, size_t min_size, mh_interface_ref *ref,
                       const mh_error *err);
} mh_interface_service;

/* ---- mh.param/1: reading settings ---- */

#define MH_PARAM_SERVICE "mh.param/1"
typedef struct mh_param_service {
    uint32_t struct_size;
    uint32_t reserved;
    /* Reads a parameter of this module as it stands (its last value when repeated).
     * [thread: any] [phase: init+run+stop] [blocks: no]
     * [owns: name is borrowed; text in *value is valid until the process ends] */
    int32_t (*get)(mh_self *self, mh_str name, mh_value *value);
    /* Reads a core setting: "run_dir" (an absolute path), "workers", "config_file", "host_name".
     * [thread: any] [phase: init+run+stop] [blocks: no]
     * [owns: name is borrowed; text in *value is valid until the process ends] */
    int32_t (*core)(mh_self *self, mh_str name, mh_value *value);
} mh_param_service;

#ifdef __cplusplus
}
#endif
#endif
