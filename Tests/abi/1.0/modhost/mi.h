/* modhost/mi.h: management commands, their replies, and service "mh.mi/1" for modules that carry commands (transports).
 *
 * Handlers run on the management thread, one at a time. A command marked MH_MI_SLOW runs on a pool thread of its
 * own; its reply streams to the client with back-pressure, so a dump of any size takes constant memory. A handler
 * never sees the transport. */
#ifndef MODHOST_MI_H
#define MODHOST_MI_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the reply ---- */

#define MH_MI_ATTRIBUTES 0x01u /* classic text: print the scalar members of this map as `name=value` on the map's own line */

/* The reply writer. The reply is one value: a scalar, a map or a list. Names count inside maps; inside lists a name
 * is optional and only the classic text framing shows it; the outermost value has none. A handler that writes nothing
 * replies with an empty map. Every function answers MH_E_CANCELLED once the client is gone: stop then.
 *
 * Until the handler returns, the functions are for its thread, and those of a slow command may wait for the client.
 * After MH_DEFERRED they are for any one thread at a time and never block; the module owes exactly one finish, also
 * after MH_E_CANCELLED. When the module stops, its tasks and streams end first: a `gone` may still fail and finish. */
typedef struct mh_mi_reply {
    uint32_t struct_size;
    uint32_t classic; /* 1: the client speaks the classic text protocol; commands with a historic text shape may use it */
    void *ctx;
    /* Opens a map. flags: 0 or MH_MI_ATTRIBUTES. [thread: command+any] [phase: run+stop] [blocks: yes]
     * [owns: name is borrowed and copied] */
    int32_t (*begin_map)(void *ctx, mh_str name, uint32_t flags);
    /* Opens a list. [thread: command+any] [phase: run+stop] [blocks: yes] [owns: name is borrowed and copied] */
    int32_t (*begin_list)(void *ctx, mh_str name, uint32_t flags);
    /* Closes the innermost map or list. [thread: command+any] [phase: run+stop] [blocks: yes] [owns: nothing] */
    int32_t (*end)(void *ctx);
    /* Writes a scalar. Durations are written as seconds, times as microseconds.
     * [thread: command+any] [phase: run+stop] [blocks: yes] [owns: name and value are borrowed and copied] */
    int32_t (*value)(void *ctx, mh_str name, const mh_value *value);
    /* Answers with an error instead, such as 404 and "no such table"; what was written is dropped when none of it
     * has gone out, else the reply is cut and the client is told. The handler then returns 0.
     * [thread: command+any] [phase: run+stop] [blocks: no] [owns: text is borrowed and copied] */
    int32_t (*fail)(void *ctx, int32_t code, mh_str text);
    /* Completes a deferred reply, once. Before it, the other functions may be called from one thread at a time.
     * [thread: any] [phase: run+stop] [blocks: no] [owns: the reply is void afterwards] */
    void (*finish)(void *ctx);
} mh_mi_reply;

/* ---- the command ---- */

#define MH_MI_READ 0x01u   /* changes nothing */
#define MH_MI_CHANGE 0x02u /* changes something; exactly one of the two is set */
#define MH_MI_SLOW 0x04u   /* may take long or reply at length: runs on a pool thread */
#define MH_MI_FLAGS 0x07u

#define MH_MI_ARG_OPTIONAL 0x01u
#define MH_MI_ARG_REST 0x02u /* last one only: takes all that follow, arrives as MH_LIST */
#define MH_MI_ARG_FLAGS 0x03u

typedef struct mh_mi_arg {
    uint32_t struct_size;
    /* MH_INT, MH_FLOAT, MH_BOOL, MH_STRING, MH_DURATION, MH_SIZE; of the elements when REST. MH_NULL: any scalar as
     * it came */
    uint32_t type;
    uint32_t flags; /* MH_MI_ARG_... */
    uint32_t reserved;
    mh_str name;
    mh_str help;
} mh_mi_arg;

typedef struct mh_mi_call {
    uint32_t struct_size;
    uint32_t classic;
    mh_str command;   /* the name it was called by */
    mh_str transport; /* "mi-fifo", or the calling module's name */
    mh_array args;    /* mh_value, one per declared argument; MH_NULL where left out. Checked against the declaration */
} mh_mi_call;

typedef struct mh_mi_command {
    uint32_t struct_size;
    uint32_t flags; /* MH_MI_READ or MH_MI_CHANGE, with MH_MI_SLOW */
    mh_str name;      /* "flat_rotate"; [A-Za-z_][A-Za-z0-9_.]*, at most 128 bytes */
    mh_array aliases; /* mh_str: "flatstore.rotate" */
    mh_str summary;   /* one sentence */
    mh_str example;   /* a line as typed after modctl: "htable.get users alice" */
    mh_array args;    /* mh_mi_arg */
    void *ctx;
    /* Does it. 0: the reply is complete; MH_DEFERRED: reply->finish follows; negative: failed, and unless fail was
     * called the client gets 500. call and its arguments are borrowed until the reply is complete, deferred or not.
     * [thread: command] [phase: run] [blocks: yes] [owns: call and reply are the host's, void when the reply is complete] */
    int32_t (*handler)(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply);
} mh_mi_command;

/* ---- mh.mi/1: for transports and for modules that run commands ---- */

typedef struct mh_mi_argument {
    uint32_t struct_size;
    uint32_t reserved;
    mh_str name; /* empty: positional */
    /* MH_STRING text is converted to the declared type. With a name that the command does not have: see text */
    mh_value value;
    /* the whole argument as the client wrote it ("c::d"); taken as a positional string when no argument is called
     * `name`; may be empty */
    mh_str text;
} mh_mi_argument;

typedef struct mh_mi_request {
    uint32_t struct_size;
    uint32_t classic; /* 1: classic text framing */
    mh_str transport;
    mh_str command;
    mh_array args; /* mh_mi_argument */
} mh_mi_request;

#define MH_MI_EVENT_MAP 1u
#define MH_MI_EVENT_LIST 2u
#define MH_MI_EVENT_END 3u
#define MH_MI_EVENT_VALUE 4u

typedef struct mh_mi_event {
    uint32_t struct_size;
    uint32_t kind;  /* MH_MI_EVENT_... */
    uint32_t flags; /* MH_MI_ATTRIBUTES */
    uint32_t may_block; /* 1: the sink may wait here (slow commands); 0: it must take the event at once */
    mh_str name;
    mh_value value;
} mh_mi_event;

/* Receives a reply as events. */
typedef struct mh_mi_sink {
    uint32_t struct_size;
    uint32_t reserved;
    void *ctx;
    /* One event; negative: the client is gone, stop. [thread: command] [phase: run] [blocks: yes]
     * [owns: event is borrowed for the call] */
    int32_t (*event)(void *ctx, const mh_mi_event *event);
    /* The reply is complete, exactly once and last. code 0, or a fault such as 404 with its text; after events it
     * means that the reply is cut. [thread: command] [phase: run] [blocks: no]
     * [owns: text is borrowed; ctx is the transport's again] */
    void (*done)(void *ctx, int32_t code, mh_str text);
} mh_mi_sink;

#define MH_JSONRPC_COMPACT 0x01u /* else Kamailio's pretty layout, with tabs */

typedef struct mh_jsonrpc_request {
    uint32_t struct_size;
    uint32_t flags; /* MH_JSONRPC_... */
    mh_str transport;
    mh_str text;         /* one JSON-RPC 2.0 request or batch */
    mh_str route_member; /* a top-level string member to hand to `route`, such as "reply_name"; empty: none */
} mh_jsonrpc_request;

typedef struct mh_jsonrpc_sink {
    uint32_t struct_size;
    uint32_t reserved;
    void *ctx;
    /* Called once before anything runs, when route_member was asked for: found is 1 and value its text, or 0. A
     * negative return drops the request unrun. May be NULL. [thread: any] [phase: run] [blocks: no]
     * [owns: value is borrowed for the call] */
    int32_t (*route)(void *ctx, int32_t found, mh_str value);
    /* Bytes of the answer. may_block as in mh_mi_event; negative: the client is gone.
     * [thread: command] [phase: run] [blocks: yes] [owns: bytes are borrowed for the call] */
    int32_t (*write)(void *ctx, mh_str bytes, int32_t may_block);
    /* The answer is complete, exactly once and last; a notification has had no bytes. code: 0, or MH_E_CANCELLED when cut.
     * [thread: any] [phase: run] [blocks: no] [owns: ctx is the transport's again] */
    void (*done)(void *ctx, int32_t code);
} mh_jsonrpc_sink;

#define MH_MI_SERVICE "mh.mi/1"
typedef struct mh_mi_service {
    uint32_t struct_size;
    uint32_t reserved;
    /* Queues a command; the sink hears of everything, also of an unknown command. Requests of one module keep their
     * order, but for slow ones.
     * [thread: any] [phase: run] [blocks: no] [owns: request is copied; sink is copied, its ctx lent until done] */
    int32_t (*execute)(mh_self *self, const mh_mi_request *request, const mh_mi_sink *sink, const mh_error *err);
    /* Queues JSON-RPC text; parse errors come as JSON-RPC errors through the sink.
     * [thread: any] [phase: run] [blocks: no] [owns: request is copied; sink is copied, its ctx lent until done] */
    int32_t (*jsonrpc)(mh_self *self, const mh_jsonrpc_request *request, const mh_jsonrpc_sink *sink, const mh_error *err);
} mh_mi_service;

#ifdef __cplusplus
}
#endif
#endif
