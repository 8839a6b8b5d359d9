/* A module that repeats one operation of a store a given number of times, through the interface that its users call, on one thread:
 * bench.count WHAT TIMES. Measured under callgrind, twice as many times cost the instructions of the operations and nothing else. */
#define _GNU_SOURCE
#include "../floors/rows.h"
#include "rows.h"

#include <errno.h>
#include <modhost/htable.h>
#include <stdlib.h>

MH_MODULE_NOTE("name=bench-count\nversion=0.1.0\nabi=1.0\nrequires=mh.db/1:flatstore?\nrequires=mh.htable/1:htable?\n");

#define SOME_ROWS 64
#define ROWS_BATCH 50
#define KEYS 1024
#define BATCH 16

static struct {
    const mh_db_provider *db;
    void *db_ctx;
    mh_db_table *table;
    const mh_htable_interface *tables;
    void *tables_ctx;
    mh_htable *htable;
    mh_str directory;
    bench_rows rows;
    char names[KEYS][16];
    mh_str keys[KEYS];
} bench;

/* ---- the operations: each answers 0, or -1 when one failed ---- */

static int count_rows(int64_t times) {
    const mh_value *values = bench.rows.values;
    for (int64_t i = 0; i < times; i++) {
        if (bench.db->insert(bench.db_ctx, bench.table, values + i % SOME_ROWS * 12, 12, NULL) < 0) return -1;
    }
    return 0;
}

/* `times` rows, in batches. */
static int count_row_batches(int64_t times) {
    for (int64_t i = 0; i < times; i += ROWS_BATCH) {
        uint32_t stored = 0;
        if (bench.db->insert_batch(bench.db_ctx, bench.table, bench.rows.values, 12, ROWS_BATCH, &stored, NULL) < 0) return -1;
    }
    return 0;
}

static inline __attribute__((always_inline)) int count_floor_rows(int64_t times, size_t limit, int batch) {
    static floor_file file;
    char path[4096];
    int good = 0;
    snprintf(path, sizeof path, "%.*s/floor.log", (int)bench.directory.len, bench.directory.ptr);
    if (floor_open(&file, path, limit) < 0) return -1;
    for (int64_t i = 0; i < times && good == 0; i += batch) {
        good = floor_append(&file, bench.rows.values + (batch > 1 ? 0 : i % SOME_ROWS * 12), 12, batch);
    }
    if (good == 0) good = floor_write_out(&file);
    close(file.descriptor);
    return good;
}

static int count_floor_kernel(int64_t times) { return count_floor_rows(times, 0, 1); }
static int count_floor_batches(int64_t times) { return count_floor_rows(times, 0, ROWS_BATCH); }
static int count_floor_buffered(int64_t times) { return count_floor_rows(times, 32 * 1024, 1); }

static int count_get(int64_t times) {
    char text[64];
    mh_htable_item item = {.struct_size = sizeof item};
    for (int64_t i = 0; i < times; i++) {
        mh_str key = bench.keys[i % KEYS];
        if (bench.tables->get(bench.tables_ctx, bench.htable, key, text, sizeof text, &item, NULL) < 0) return -1;
    }
    return 0;
}

static int count_set(int64_t times) {
    for (int64_t i = 0; i < times; i++) {
        mh_value value = mh_int(i);
        mh_str key = bench.keys[i % KEYS];
        if (bench.tables->set(bench.tables_ctx, bench.htable, key, &value, MH_HTABLE_STANDARD, NULL) < 0) return -1;
    }
    return 0;
}

static int count_add(int64_t times) {
    int64_t sum;
    for (int64_t i = 0; i < times; i++) {
        if (bench.tables->add(bench.tables_ctx, bench.htable, bench.keys[i % KEYS], 1, &sum, NULL) < 0) return -1;
    }
    return 0;
}

static int32_t take_item(void *ctx, const mh_htable_item *item) {
    *(int64_t *)ctx += item->value.as.integer;
    return 0;
}

/* `times` keys, in batches. */
static int count_get_batch(int64_t times) {
    int64_t sum = 0;
    mh_htable_visitor visitor = {.struct_size = sizeof visitor, .ctx = &sum, .item = take_item};
    for (int64_t i = 0; i < times; i += BATCH) {
        mh_array keys = {bench.keys + i % KEYS, BATCH, sizeof bench.keys[0]};
        if (bench.tables->get_batch(bench.tables_ctx, bench.htable, &keys, &visitor, NULL) < 0) return -1;
    }
    return 0;
}

static int count_add_batch(int64_t times) {
    int64_t sums[BATCH];
    for (int64_t i = 0; i < times; i += BATCH) {
        mh_array keys = {bench.keys + i % KEYS, BATCH, sizeof bench.keys[0]};
        if (bench.tables->add_batch(bench.tables_ctx, bench.htable, &keys, 1, sums, NULL) < 0) return -1;
    }
    return 0;
}

static const struct {
    const char *name;
    int (*run)(int64_t times);
    int is_of_htable;
} operations[] = {
    {"row-batch", count_row_batches, 0}, {"floor-batch", count_floor_batches, 0},
    {"row", count_rows, 0},       {"floor-kernel", count_floor_kernel, 0}, {"floor-buffered", count_floor_buffered, 0},
    {"get", count_get, 1},        {"set", count_set, 1},                   {"add", count_add, 1},
    {"get-batch", count_get_batch, 1}, {"add-batch", count_add_batch, 1},
};

/* ---- the command ---- */

static int32_t count(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    const mh_value *args = call->args.items;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (!mh_str_equal(args[0].as.text, mh_cstr(operations[i].name))) continue;
        if (operations[i].is_of_htable ? !bench.htable : !bench.table) break;
        if (operations[i].run(args[1].as.integer) < 0) reply->fail(reply->ctx, 500, mh_cstr("an operation failed"));
        return MH_OK;
    }
    reply->fail(reply->ctx, 400, mh_cstr("no such operation, or its module is not loaded"));
    return MH_OK;
}

/* ---- the module ---- */

/* Takes what is loaded: flatstore, htable, or both. */
static int32_t init(void *ctx, const mh_host *host, const mh_error *err) {
    (void)ctx;
    mh_str id = MH_STR(MH_INTERFACE_SERVICE), db_id = MH_STR(MH_DB_INTERFACE), flatstore = MH_STR("flatstore");
    mh_str tables_id = MH_STR(MH_HTABLE_INTERFACE), htable = MH_STR("htable");
    const mh_interface_service *interfaces = host->query(host->self, id, sizeof *interfaces);
    if (!interfaces) return mh_fail(err, MH_E_ABI, "the host has no mh.interface/1");
    if (bench_make_rows(&bench.rows, SOME_ROWS, 12) < 0) return mh_fail(err, MH_E_NO_MEMORY, "no memory for rows");
    mh_interface_ref found = {.struct_size = sizeof found};
    if (interfaces->acquire(host->self, db_id, flatstore, sizeof(mh_db_provider), &found, NULL) >= 0) {
        mh_db_column columns[12];
        mh_db *db = NULL;
        char url[4200];
        bench.db = found.table;
        bench.db_ctx = found.ctx;
        snprintf(url, sizeof url, "flatstore:%.*s", (int)bench.directory.len, bench.directory.ptr);
        mh_db_open options = {.struct_size = sizeof options, .url = mh_cstr(url), .caller = MH_STR("bench")};
        for (int i = 0; i < 12; i++) columns[i] = (mh_db_column){.struct_size = sizeof columns[i], .name = MH_STR("column")};
        mh_array list = MH_ARRAY(columns);
        int32_t code = bench.db->open(bench.db_ctx, &options, &db, err);
        if (code < 0) return code;
        code = bench.db->use_table(bench.db_ctx, db, mh_cstr("count"), &list, &bench.table, err);
        if (code < 0) return code;
    }
    if (interfaces->acquire(host->self, tables_id, htable, sizeof(mh_htable_interface), &found, NULL) >= 0) {
        bench.tables = found.table;
        bench.tables_ctx = found.ctx;
        int32_t code = bench.tables->open(bench.tables_ctx, mh_cstr("bench"), &bench.htable, err);
        if (code < 0) return code;
        for (int i = 0; i < KEYS; i++) {
            mh_value value = mh_int(i);
            snprintf(bench.names[i], sizeof bench.names[i], "user:%010d", i);
            bench.keys[i] = mh_cstr(bench.names[i]);
            bench.tables->set(bench.tables_ctx, bench.htable, bench.keys[i], &value, MH_HTABLE_STANDARD, NULL);
        }
    }
    return MH_OK;
}

static const mh_mi_arg arguments[] = {
    {.struct_size = sizeof(mh_mi_arg), .type = MH_STRING, .name = MH_STR("what"), .help = MH_STR("the operation")},
    {.struct_size = sizeof(mh_mi_arg), .type = MH_INT, .name = MH_STR("times"), .help = MH_STR("how many, a multiple of 400 for batches")},
};
static const mh_mi_command commands[] = {{.struct_size = sizeof(mh_mi_command),
                                          .flags = MH_MI_CHANGE | MH_MI_SLOW,
                                          .name = MH_STR("bench.count"),
                                          .summary = MH_STR("Repeats an operation of a store."),
                                          .example = MH_STR("bench.count row 10000"),
                                          .args = MH_ARRAY(arguments),
                                          .handler = count}};
static const mh_param params[] = {{.struct_size = sizeof(mh_param),
                                   .type = MH_STRING,
                                   .flags = MH_PARAM_REQUIRED,
                                   .name = MH_STR("directory"),
                                   .help = MH_STR("where rows go"),
                                   .storage = &bench.directory}};
static const mh_requirement requirements[] = {
    {.struct_size = sizeof(mh_requirement), .flags = MH_REQUIRE_OPTIONAL, .id = MH_STR(MH_DB_INTERFACE), .selector = MH_STR("flatstore")},
    {.struct_size = sizeof(mh_requirement), .flags = MH_REQUIRE_OPTIONAL, .id = MH_STR(MH_HTABLE_INTERFACE), .selector = MH_STR("htable")}};
static const mh_module module = {.struct_size = sizeof module,
                                 .abi_major = MH_ABI_MAJOR,
                                 .abi_minor = 0,
                                 .name = MH_STR("bench-count"),
                                 .version = MH_STR("0.1.0"),
                                 .summary = MH_STR("Repeats operations of stores, to be counted."),
                                 .params = MH_ARRAY(params),
                                 .commands = MH_ARRAY(commands),
                                 .requires_ = MH_ARRAY(requirements),
                                 .init = init};

MH_EXPORT int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **out, const mh_error *err) {
    if (offer->abi_major != MH_ABI_MAJOR) return mh_fail(err, MH_E_ABI, "bench-count is built for ABI 1");
    *out = &module;
    return MH_OK;
}
