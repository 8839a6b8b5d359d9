/* modhost/htable.h: the interface "mh.htable/1": in-memory tables with expiry, as module htable keeps them.
 *
 * A consumer requires "mh.htable/1" with selector "htable", acquires it in init and opens the tables of the config by name.
 * Keys and text are counted bytes of any content; integers have 64 bits. Every function may be called from any thread
 * at once; none holds a lock when it returns or while it calls back. Expired items are invisible to all of them. A call
 * that writes to a slot that another thread has locked waits for it, up to 10 seconds. */
#ifndef MODHOST_HTABLE_H
#define MODHOST_HTABLE_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MH_HTABLE_INTERFACE "mh.htable/1"

typedef struct mh_htable mh_htable;                   /* opaque; one table */
typedef struct mh_htable_follower mh_htable_follower; /* opaque; one subscription */

/* Seconds until an item expires, in place of a number: what the table is defined with (autoexpire, updateexpire). 0 is
 * never. Tables without autoexpire have no expiry at all: there every number means never. */
#define MH_HTABLE_STANDARD (-1)

#define MH_HTABLE_ON_KEY 0u   /* patterns look at keys */
#define MH_HTABLE_ON_VALUE 1u /* patterns look at values that are text */

/* An item as functions and call-backs show it. */
typedef struct mh_htable_item {
    uint32_t struct_size;
    uint32_t reserved;
    mh_str key;
    mh_value value;     /* MH_INT or MH_STRING */
    int64_t expires_at; /* seconds since 1970; 0: never */
} mh_htable_item;

/* Which items: an operator and its operand. */
typedef struct mh_htable_pattern {
    uint32_t struct_size;
    uint32_t on;    /* MH_HTABLE_ON_... */
    mh_str op;      /* "re" POSIX extended without regard to case, "sw" starts, "ew" ends, "in" contains, "eq", "ne" */
    mh_str operand;
} mh_htable_pattern;

/* Hears of items, one after the other. */
typedef struct mh_htable_visitor {
    uint32_t struct_size;
    uint32_t reserved;
    void *ctx;
    /* One item; a non-zero return ends the walk. It may change the table.
     * [thread: caller] [phase: init+run+stop] [blocks: yes] [owns: item and its bytes are borrowed for the call] */
    int32_t (*item)(void *ctx, const mh_htable_item *item);
} mh_htable_visitor;

#define MH_HTABLE_SET 1u     /* key, value, expires_at */
#define MH_HTABLE_EXPIRY 2u  /* key, expires_at */
#define MH_HTABLE_REMOVED 3u /* key */
#define MH_HTABLE_FLUSHED 4u /* the whole table */
#define MH_HTABLE_EXPIRED 5u /* key, value, expires_at */

/* One change of a table. */
typedef struct mh_htable_change {
    uint32_t struct_size;
    uint32_t kind; /* MH_HTABLE_SET ... MH_HTABLE_EXPIRED */
    mh_str table;
    mh_str key;
    mh_value value;      /* MH_NULL where the change has none */
    int64_t expires_at;  /* seconds since 1970; 0: never */
    int64_t stamp;       /* milliseconds since 1970 */
    uint64_t number;     /* of two changes of one key the greater came later, in whatever order they are told */
} mh_htable_change;

#define MH_HTABLE_FOLLOW_CHANGES 0x01u /* every change, after it has happened */
#define MH_HTABLE_FOLLOW_EXPIRED 0x02u /* items whose time is over, before they go: a new expiry in the call rescues one */

typedef struct mh_htable_follow {
    uint32_t struct_size;
    uint32_t flags; /* one of MH_HTABLE_FOLLOW_... */
    void *ctx;
    /* One change, on the thread that made it; expired items on a worker. No lock is held.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: change and its bytes are borrowed for the call] */
    void (*changed)(void *ctx, const mh_htable_change *change);
} mh_htable_follow;

/* The table of functions. ctx is mh_interface_ref.ctx. */
typedef struct mh_htable_interface {
    uint32_t struct_size;
    uint32_t reserved;
    /* Finds a table of the config. MH_E_NOT_FOUND: there is none of that name.
     * [thread: any] [phase: init+run] [blocks: no] [owns: name is borrowed; *table is valid until the caller's stop] */
    int32_t (*open)(void *ctx, mh_str name, mh_htable **table, const mh_error *err);
    /* How many items there are. [thread: any] [phase: init+run+stop] [blocks: no] [owns: nothing] */
    int64_t (*count)(void *ctx, mh_htable *table);
    /* Reads an item; its text goes into buffer, and item->value names it there. MH_E_NOT_FOUND: no such item. MH_E_LIMIT:
     * buffer holds the first `size` bytes, item->value's length is what is needed.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: key and buffer are borrowed; *item names buffer] */
    int32_t (*get)(void *ctx, mh_htable *table, mh_str key, void *buffer, size_t size, mh_htable_item *item,
                   const mh_error *err);
    /* Sets an item, MH_INT or MH_STRING. MH_E_NO_SPACE: over the table's maxsize; MH_E_LIMIT: key or value over 16 MiB.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: key and value are borrowed] */
    int32_t (*set)(void *ctx, mh_htable *table, mh_str key, const mh_value *value, int64_t seconds, const mh_error *err);
    /* As set, with a moment in seconds since 1970, 0 for never: for replication. What is over already removes the item.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: key and value are borrowed] */
    int32_t (*set_until)(void *ctx, mh_htable *table, mh_str key, const mh_value *value, int64_t expires_at,
                         const mh_error *err);
    /* Sets an item if it is `expected` (MH_NULL: if there is none). MH_E_AGAIN: it is not, and stays as it is.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: key and values are borrowed] */
    int32_t (*compare_and_set)(void *ctx, mh_htable *table, mh_str key, const mh_value *expected, const mh_value *value,
                               int64_t seconds, const mh_error *err);
    /* Adds to an integer in one step. MH_E_NOT_FOUND: missing, and the table has no initval; MH_E_INVALID: it is text;
     * MH_E_LIMIT: the sum does not fit, the value stays.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: key is borrowed; *sum (may be NULL) is filled] */
    int32_t (*add)(void *ctx, mh_htable *table, mh_str key, int64_t amount, int64_t *sum, const mh_error *err);
    /* Gives an item a new expiry. MH_E_NOT_FOUND: no such item; MH_E_UNSUPPORTED: the table has no autoexpire.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: key is borrowed] */
    int32_t (*expire)(void *ctx, mh_htable *table, mh_str key, int64_t seconds, const mh_error *err);
    /* Removes an item. MH_E_NOT_FOUND: there was none.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: key is borrowed] */
    int32_t (*remove)(void *ctx, mh_htable *table, mh_str key, const mh_error *err);
    /* Removes all items. [thread: any] [phase: init+run+stop] [blocks: yes] [owns: nothing] */
    int32_t (*flush)(void *ctx, mh_htable *table, const mh_error *err);
    /* Walks the table: every item that stays in it meanwhile comes exactly once. pattern may be NULL: all.
     * [thread: any] [phase: init+run+stop] [blocks: yes] [owns: pattern and visitor are borrowed for the call] */
    int32_t (*match)(void *ctx, mh_htable *table, const mh_htable_pattern *pattern, const mh_htable_visitor *visitor,
                     const mh_error *err);
    /* Removes the items that match; *removed (may be NULL) counts them.
     * [thread: any] [phase: init+run+stop] [blocks: yes] [owns: pattern is borrowed] */
    int32_t (*remove_matching)(void *ctx, mh_htable *table, const mh_htable_pattern *pattern, int64_t *removed,
                               const mh_error *err);
    /* Reads many items, several times faster than one by one. keys: array of mh_str. The visitor hears of those that are
     * there, in the order of the keys. [thread: any] [phase: init+run+stop] [blocks: no]
     * [owns: keys and visitor are borrowed for the call] */
    int32_t (*get_batch)(void *ctx, mh_htable *table, const mh_array *keys, const mh_htable_visitor *visitor,
                         const mh_error *err);
    /* Sets many items. items: array of mh_htable_item, whose expires_at is not looked at. Ends at the first that fails;
     * *stored (may be NULL) says how many of the first are set.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: items are borrowed for the call] */
    int32_t (*set_batch)(void *ctx, mh_htable *table, const mh_array *items, int64_t seconds, uint32_t *stored,
                         const mh_error *err);
    /* Adds one amount to many integers. keys: array of mh_str; sums: room for as many, or NULL; a missing key without
     * initval gives 0. Ends at the first that fails. [thread: any] [phase: init+run+stop] [blocks: no]
     * [owns: keys are borrowed; sums are filled] */
    int32_t (*add_batch)(void *ctx, mh_htable *table, const mh_array *keys, int64_t amount, int64_t *sums,
                         const mh_error *err);
    /* Locks a key's slot for the calling thread, once more if it has it. site says where, for messages. MH_E_BUSY: it
     * would dead-lock; MH_E_TIMEOUT: somebody keeps it. [thread: any] [phase: init+run+stop] [blocks: yes]
     * [owns: key and site are borrowed] */
    int32_t (*lock)(void *ctx, mh_htable *table, mh_str key, mh_str site, const mh_error *err);
    /* Gives it back. MH_E_STATE: this thread does not have it.
     * [thread: any] [phase: init+run+stop] [blocks: no] [owns: key and site are borrowed] */
    int32_t (*unlock)(void *ctx, mh_htable *table, mh_str key, mh_str site, const mh_error *err);
    /* Follows a table. [thread: any] [phase: init+run] [blocks: no]
     * [owns: follow is copied, its ctx lent until unfollow; *follower is the module's until unfollow] */
    int32_t (*follow)(void *ctx, mh_htable *table, const mh_htable_follow *follow, mh_htable_follower **follower,
                      const mh_error *err);
    /* Ends it; a call that another thread is in may still come to its end.
     * [thread: any] [phase: run+stop] [blocks: no] [owns: follower is void afterwards] */
    void (*unfollow)(void *ctx, mh_htable_follower *follower);
} mh_htable_interface;

#ifdef __cplusplus
}
#endif
#endif
