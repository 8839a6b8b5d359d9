/* A database provider that stores nothing, for those of this folder that have one fault; `open_database` is theirs. */
#ifndef BROKEN_DATABASE_H
#define BROKEN_DATABASE_H

#include "broken.h"

static int32_t open_database(void *ctx, const mh_db_open *options, mh_db **db, const mh_error *err);

static uint32_t capabilities(void *ctx, mh_db *db) {
    (void)ctx;
    (void)db;
    return MH_DB_CAN_INSERT;
}

static void close_database(void *ctx, mh_db *db) {
    (void)ctx;
    (void)db;
}

static int32_t use_table(void *ctx, mh_db *db, mh_str name, const mh_array *columns, mh_db_table **table,
                         const mh_error *err) {
    (void)ctx;
    (void)columns;
    (void)err;
    (void)name;
    *table = (mh_db_table *)db;
    return MH_OK;
}

static void release_table(void *ctx, mh_db_table *table) {
    (void)ctx;
    (void)table;
}

static int32_t insert(void *ctx, mh_db_table *table, const mh_value *values, uint32_t count, const mh_error *err) {
    (void)ctx;
    (void)table;
    (void)values;
    (void)count;
    (void)err;
    return MH_OK;
}

static int32_t insert_batch(void *ctx, mh_db_table *table, const mh_value *values, uint32_t columns, uint32_t rows,
                            uint32_t *stored, const mh_error *err) {
    (void)ctx;
    (void)table;
    (void)values;
    (void)columns;
    (void)err;
    *stored = rows;
    return MH_OK;
}

static int32_t query(void *ctx, mh_db_table *table, const mh_db_query *query, const mh_error *err) {
    (void)ctx;
    (void)table;
    (void)query;
    return mh_fail(err, MH_E_UNSUPPORTED, "this provider reads nothing");
}

static int32_t delete_rows(void *ctx, mh_db_table *table, const mh_array *conditions, int64_t *affected,
                           const mh_error *err) {
    (void)ctx;
    (void)table;
    (void)conditions;
    (void)affected;
    return mh_fail(err, MH_E_UNSUPPORTED, "this provider deletes nothing");
}

static int32_t update(void *ctx, mh_db_table *table, const mh_array *assignments, const mh_array *conditions,
                      int64_t *affected, const mh_error *err) {
    (void)ctx;
    (void)table;
    (void)assignments;
    (void)conditions;
    (void)affected;
    return mh_fail(err, MH_E_UNSUPPORTED, "this provider changes nothing");
}

static const mh_db_provider provider = {
    .struct_size = sizeof(mh_db_provider),
    .capabilities = capabilities,
    .open = open_database,
    .close = close_database,
    .use_table = use_table,
    .release_table = release_table,
    .insert = insert,
    .insert_batch = insert_batch,
    .query = query,
    .delete_rows = delete_rows,
    .update = update,
};

/* A provider of the scheme `name`, which is the module's too. */
#define BROKEN_DATABASE(name) \
    BROKEN_NOTE_TEXT("name=" name "\nversion=1.0.0\nabi=1.0\nprovides=mh.db/1:" name "\n"); \
    static const mh_interface provides[] = { \
        {.struct_size = sizeof(mh_interface), .id = MH_STR(MH_DB_INTERFACE), .selector = MH_STR(name), \
         .table = &provider}, \
    }; \
    BROKEN_MODULE(name, .provides = MH_ARRAY(provides))

#endif
