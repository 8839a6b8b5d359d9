/* modhost/db.h: the database provider interface "mh.db/1": a module that stores rows; the selector is its URL scheme.
 *
 * A consumer splits the scheme off its URL ("flatstore:/var/log/acc"), acquires "mh.db/1" with that selector, opens
 * the URL, uses a table with its columns named once, and inserts rows of values in that order. Handles may be used
 * from any thread at once; what a provider cannot do answers MH_E_UNSUPPORTED and names the caller in its text. */
#ifndef MODHOST_DB_H
#define MODHOST_DB_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MH_DB_INTERFACE "mh.db/1"

#define MH_DB_CAN_INSERT 0x01u
#define MH_DB_CAN_QUERY 0x02u
#define MH_DB_CAN_DELETE 0x04u
#define MH_DB_CAN_UPDATE 0x08u
#define MH_DB_BLOCKS 0x100u /* calls wait for a disk or a server: make them from a pool thread */

typedef struct mh_db mh_db;             /* opaque; an open database */
typedef struct mh_db_table mh_db_table; /* opaque; a table with its columns, of one mh_db */

typedef struct mh_db_open {
    uint32_t struct_size;
    uint32_t reserved;
    mh_str url;    /* whole, with its scheme */
    mh_str caller; /* the consuming module's name, for messages */
} mh_db_open;

typedef struct mh_db_column {
    uint32_t struct_size;
    uint32_t type; /* MH_INT, MH_FLOAT, MH_STRING, MH_TIME, MH_BLOB; MH_NULL: any */
    mh_str name;
} mh_db_column;

#define MH_DB_EQUAL 0u
#define MH_DB_NOT_EQUAL 1u
#define MH_DB_LESS 2u
#define MH_DB_LESS_OR_EQUAL 3u
#define MH_DB_GREATER 4u
#define MH_DB_GREATER_OR_EQUAL 5u

typedef struct mh_db_condition {
    uint32_t struct_size;
    uint32_t op; /* MH_DB_EQUAL ...; equal and not-equal to MH_NULL mean IS NULL, IS NOT NULL */
    mh_str column;
    mh_value value;
} mh_db_condition;

typedef struct mh_db_order {
    uint32_t struct_size;
    uint32_t descending; /* 0 or 1 */
    mh_str column;
} mh_db_order;

typedef struct mh_db_assignment {
    uint32_t struct_size;
    uint32_t reserved;
    mh_str column;
    mh_value value;
} mh_db_assignment;

typedef struct mh_db_query {
    uint32_t struct_size;
    uint32_t reserved;
    mh_array columns;    /* mh_str; empty: the table's own, in its order */
    mh_array conditions; /* mh_db_condition, joined by AND */
    mh_array order;      /* mh_db_order */
    int64_t limit;       /* rows; 0: all */
    int64_t offset;      /* rows */
    void *ctx;
    /* One row; a non-zero return ends the query. [thread: caller] [phase: init+run+stop] [blocks: yes]
     * [owns: values are borrowed for the call] */
    int32_t (*row)(void *ctx, const mh_value *values, uint32_t count);
} mh_db_query;

/* The table of functions that a provider exports. ctx is mh_interface.ctx. */
typedef struct mh_db_provider {
    uint32_t struct_size;
    uint32_t reserved;
    /* What it can do, MH_DB_CAN_... and MH_DB_BLOCKS. [thread: any] [phase: init+run+stop] [blocks: no] [owns: nothing] */
    uint32_t (*capabilities)(void *ctx, mh_db *db);
    /* Opens a database and checks that it can be used. [thread: any] [phase: init+run] [blocks: yes]
     * [owns: options are borrowed; *db is the provider's until close] */
    int32_t (*open)(void *ctx, const mh_db_open *options, mh_db **db, const mh_error *err);
    /* Closes it, with its tables. [thread: any] [phase: run+stop] [blocks: yes] [owns: db is void afterwards] */
    void (*close)(void *ctx, mh_db *db);
    /* Prepares a table; columns: array of mh_db_column.
     * [thread: any] [phase: init+run] [blocks: yes]
     * [owns: name and columns are copied; *table is the provider's until release] */
    int32_t (*use_table)(void *ctx, mh_db *db, mh_str name, const mh_array *columns, mh_db_table **table,
                         const mh_error *err);
    /* Gives a table back. [thread: any] [phase: run+stop] [blocks: yes] [owns: table is void afterwards] */
    void (*release_table)(void *ctx, mh_db_table *table);
    /* Inserts one row; count must equal the number of columns. When it answers MH_OK the row is as safe as the provider's
     * settings promise. MH_E_NO_SPACE and MH_E_IO: nothing of the row is stored.
     * [thread: any] [phase: run+stop] [blocks: yes] [owns: values are borrowed for the call] */
    int32_t (*insert)(void *ctx, mh_db_table *table, const mh_value *values, uint32_t count, const mh_error *err);
    /* Inserts rows, row after row in `values` (rows * columns of them); *stored says how many of the first are stored, also
     * after an error. [thread: any] [phase: run+stop] [blocks: yes] [owns: values are borrowed for the call] */
    int32_t (*insert_batch)(void *ctx, mh_db_table *table, const mh_value *values, uint32_t columns, uint32_t rows,
                            uint32_t *stored, const mh_error *err);
    /* Reads rows. [thread: any] [phase: init+run+stop] [blocks: yes] [owns: query is borrowed for the call] */
    int32_t (*query)(void *ctx, mh_db_table *table, const mh_db_query *query, const mh_error *err);
    /* Deletes rows; conditions: array of mh_db_condition, empty deletes all; *affected (may be NULL) counts them.
     * [thread: any] [phase: init+run+stop] [blocks: yes] [owns: conditions are borrowed for the call] */
    int32_t (*delete_rows)(void *ctx, mh_db_table *table, const mh_array *conditions, int64_t *affected,
                           const mh_error *err);
    /* Changes rows; assignments: array of mh_db_assignment.
     * [thread: any] [phase: init+run+stop] [blocks: yes] [owns: both arrays are borrowed for the call] */
    int32_t (*update)(void *ctx, mh_db_table *table, const mh_array *assignments, const mh_array *conditions,
                      int64_t *affected, const mh_error *err);
} mh_db_provider;

#ifdef __cplusplus
}
#endif
#endif
