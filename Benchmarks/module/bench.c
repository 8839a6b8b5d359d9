/* A module that measures flatstore from where its users stand: through mh.db/1, in the real host, on one thread, in rounds that
 * alternate with a hand-written C floor doing the same work. Command: bench.flatstore ROWS ROUNDS FLOOR_DIRECTORY. */
#define _GNU_SOURCE
#include <modhost/modhost.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

MH_MODULE_NOTE("name=bench\nversion=0.1.0\nabi=1.0\nrequires=mh.db/1\n");

#define COLUMNS 12
#define MOST_ROUNDS 64

static struct {
    const mh_host *host;
    const mh_db_provider *db;
    void *db_ctx;
    mh_str url;
} bench;

static mh_str text(const char *literal) { return mh_cstr(literal); }

/* About 150 bytes in 12 columns, as an accounting row is. `number` makes rows differ. */
static void fill(mh_value *row, int64_t number, char *call_id, size_t size) {
    snprintf(call_id, size, "%016llx-%08llx@192.0.2.17", (unsigned long long)number * 2654435761u, (unsigned long long)number);
    row[0] = mh_text(text("INVITE"));
    row[1] = mh_text(text("8f3b2c6e1d"));
    row[2] = mh_text(text("as5d8f7a9c"));
    row[3] = mh_text(mh_cstr(call_id));
    row[4] = mh_text(text("200"));
    row[5] = mh_text(text("OK"));
    row[6] = mh_int(1795227895 + number);
    row[7] = mh_text(text("sip:alice@example.com"));
    row[8] = mh_text(text("sip:bob@example.net"));
    row[9] = mh_text(text("192.0.2.17"));
    row[10] = mh_int(number);
    row[11] = mh_text(text("softphone/4.2"));
}

/* ---- the floor: format by hand, one write a row, or 32 KiB at a time ---- */

static char *put_text(char *out, mh_str text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '|' || c == '\n') { /* the same promise as escape=percent: a value never splits a row */
            *out++ = '%';
            *out++ = "0123456789ABCDEF"[(unsigned char)c >> 4];
            *out++ = "0123456789ABCDEF"[c & 15];
        } else {
            *out++ = c;
        }
    }
    return out;
}

static char *put_number(char *out, int64_t number) {
    char digits[24];
    int count = 0;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    if (number < 0) *out++ = '-';
    do digits[count++] = (char)('0' + rest % 10);
    while (rest /= 10);
    while (count) *out++ = digits[--count];
    return out;
}

static char *format(char *out, const mh_value *row) {
    for (int i = 0; i < COLUMNS; i++) {
        if (i) *out++ = '|';
        out = row[i].type == MH_INT ? put_number(out, row[i].as.integer) : put_text(out, row[i].as.text);
    }
    *out++ = '\n';
    return out;
}

/* ---- measuring ---- */

static int64_t clock_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

typedef struct {
    double cpu[MOST_ROUNDS], wall[MOST_ROUNDS];
} series;

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static int floor_round(const char *directory, int64_t rows, size_t buffer_size, double *cpu, double *wall) {
    char path[4200], call_id[64];
    static char buffer[64 * 1024];
    mh_value row[COLUMNS];
    snprintf(path, sizeof path, "%s/floor.log", directory);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0) return -1;
    int64_t cpu_start = clock_of(CLOCK_THREAD_CPUTIME_ID), wall_start = clock_of(CLOCK_MONOTONIC);
    char *out = buffer;
    for (int64_t i = 0; i < rows; i++) {
        fill(row, i, call_id, sizeof call_id);
        out = format(out, row);
        if ((size_t)(out - buffer) + 512 > buffer_size) {
            if (write(fd, buffer, (size_t)(out - buffer)) < 0) return -1;
            out = buffer;
        }
    }
    if (out > buffer && write(fd, buffer, (size_t)(out - buffer)) < 0) return -1;
    *cpu = (double)(clock_of(CLOCK_THREAD_CPUTIME_ID) - cpu_start) / (double)rows;
    *wall = (double)(clock_of(CLOCK_MONOTONIC) - wall_start) / (double)rows;
    close(fd);
    unlink(path);
    return 0;
}

static void put(const mh_mi_reply *reply, const char *name, double number) {
    mh_value value = mh_float((double)(int64_t)(number * 1000 + 0.5) / 1000);
    reply->value(reply->ctx, mh_cstr(name), &value);
}

/* What making the row's values costs, which both sides pay: taken off both. */
static double fill_cost(int64_t rows) {
    char call_id[64];
    mh_value row[COLUMNS];
    int64_t start = clock_of(CLOCK_THREAD_CPUTIME_ID);
    volatile int64_t sink = 0;
    for (int64_t i = 0; i < rows; i++) {
        fill(row, i, call_id, sizeof call_id);
        sink += row[10].as.integer;
    }
    return (double)(clock_of(CLOCK_THREAD_CPUTIME_ID) - start) / (double)rows;
}

static int32_t run(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    const mh_value *args = call->args.items;
    int64_t rows = args[0].as.integer;
    int rounds = (int)args[1].as.integer;
    char directory[4096];
    snprintf(directory, sizeof directory, "%.*s", (int)args[2].as.text.len, args[2].as.text.ptr);
    int64_t buffered = args[3].type == MH_NULL ? 0 : args[3].as.integer;
    if (rows < 1 || rounds < 1 || rounds > MOST_ROUNDS) {
        reply->fail(reply->ctx, 400, mh_cstr("rows from 1, rounds from 1 to 64"));
        return MH_OK;
    }
    mh_db *db = NULL;
    mh_db_table *table = NULL;
    mh_db_open options = {.struct_size = sizeof options, .url = bench.url, .caller = MH_STR("bench")};
    mh_db_column columns[COLUMNS];
    static const char *const names[COLUMNS] = {"method", "from_tag", "to_tag", "callid", "code", "reason",
                                               "time", "from", "to", "source", "number", "agent"};
    for (int i = 0; i < COLUMNS; i++) {
        columns[i] = (mh_db_column){.struct_size = sizeof columns[i], .type = MH_NULL, .name = mh_cstr(names[i])};
    }
    mh_array list = MH_ARRAY(columns);
    if (bench.db->open(bench.db_ctx, &options, &db, NULL) < 0 ||
        bench.db->use_table(bench.db_ctx, db, mh_cstr("bench"), &list, &table, NULL) < 0) {
        reply->fail(reply->ctx, 500, mh_cstr("flatstore does not open; see bench's url parameter"));
        return MH_OK;
    }
    static series ours, floors;
    double shared = fill_cost(rows);
    for (int round = 0; round < rounds; round++) {
        char call_id[64];
        mh_value row[COLUMNS];
        if (floor_round(directory, rows, buffered ? 32 * 1024 : 0, &floors.cpu[round], &floors.wall[round]) < 0) {
            reply->fail(reply->ctx, 500, mh_cstr(strerror(errno)));
            break;
        }
        int64_t cpu_start = clock_of(CLOCK_THREAD_CPUTIME_ID), wall_start = clock_of(CLOCK_MONOTONIC);
        for (int64_t i = 0; i < rows; i++) {
            fill(row, i, call_id, sizeof call_id);
            if (bench.db->insert(bench.db_ctx, table, row, COLUMNS, NULL) < 0) {
                reply->fail(reply->ctx, 500, mh_cstr("an insert failed"));
                return MH_OK;
            }
        }
        ours.cpu[round] = (double)(clock_of(CLOCK_THREAD_CPUTIME_ID) - cpu_start) / (double)rows;
        ours.wall[round] = (double)(clock_of(CLOCK_MONOTONIC) - wall_start) / (double)rows;
    }
    double cpu = median(ours.cpu, rounds) - shared, floor_cpu = median(floors.cpu, rounds) - shared;
    reply->begin_map(reply->ctx, mh_cstr(""), 0);
    put(reply, "cpu_ns", cpu);
    put(reply, "floor_cpu_ns", floor_cpu);
    put(reply, "ratio", cpu / floor_cpu);
    put(reply, "wall_ns", median(ours.wall, rounds) - shared);
    put(reply, "cpu_lowest_ns", ours.cpu[0] - shared);
    put(reply, "cpu_highest_ns", ours.cpu[rounds - 1] - shared);
    reply->end(reply->ctx);
    bench.db->release_table(bench.db_ctx, table);
    bench.db->close(bench.db_ctx, db);
    return MH_OK;
}

static int32_t init(void *ctx, const mh_host *host, const mh_error *err) {
    (void)ctx;
    bench.host = host;
    mh_str id = MH_STR(MH_INTERFACE_SERVICE), db = MH_STR(MH_DB_INTERFACE), flatstore = MH_STR("flatstore");
    const mh_interface_service *interfaces = host->query(host->self, id, sizeof *interfaces);
    if (!interfaces) return mh_fail(err, MH_E_ABI, "the host has no mh.interface/1");
    mh_interface_ref found = {.struct_size = sizeof found};
    int32_t code = interfaces->acquire(host->self, db, flatstore, sizeof(mh_db_provider), &found, err);
    if (code < 0) return code;
    bench.db = found.table;
    bench.db_ctx = found.ctx;
    return MH_OK;
}

static const mh_mi_arg arguments[] = {
    {.struct_size = sizeof(mh_mi_arg), .type = MH_INT, .name = MH_STR("rows"), .help = MH_STR("rows a round")},
    {.struct_size = sizeof(mh_mi_arg), .type = MH_INT, .name = MH_STR("rounds"), .help = MH_STR("rounds, 1 to 64")},
    {.struct_size = sizeof(mh_mi_arg), .type = MH_STRING, .name = MH_STR("directory"), .help = MH_STR("where the floor writes")},
    {.struct_size = sizeof(mh_mi_arg), .type = MH_INT, .flags = MH_MI_ARG_OPTIONAL, .name = MH_STR("buffered"),
     .help = MH_STR("1: the floor writes 32 KiB at a time")},
};
static const mh_mi_command commands[] = {{.struct_size = sizeof(mh_mi_command),
                                          .flags = MH_MI_CHANGE | MH_MI_SLOW,
                                          .name = MH_STR("bench.flatstore"),
                                          .summary = MH_STR("Measures inserts beside a C floor."),
                                          .example = MH_STR("bench.flatstore 200000 7 /tmp"),
                                          .args = MH_ARRAY(arguments),
                                          .handler = run}};
static const mh_param params[] = {{.struct_size = sizeof(mh_param),
                                   .type = MH_STRING,
                                   .flags = MH_PARAM_REQUIRED,
                                   .name = MH_STR("url"),
                                   .help = MH_STR("where flatstore writes"),
                                   .storage = &bench.url}};
static const mh_requirement requirements[] = {
    {.struct_size = sizeof(mh_requirement), .id = MH_STR(MH_DB_INTERFACE)}};
static const mh_module module = {.struct_size = sizeof module,
                                 .abi_major = MH_ABI_MAJOR,
                                 .abi_minor = 0,
                                 .name = MH_STR("bench"),
                                 .version = MH_STR("0.1.0"),
                                 .summary = MH_STR("Measures flatstore beside a C floor."),
                                 .params = MH_ARRAY(params),
                                 .commands = MH_ARRAY(commands),
                                 .requires_ = MH_ARRAY(requirements),
                                 .init = init};

MH_EXPORT int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **out, const mh_error *err) {
    if (offer->abi_major != MH_ABI_MAJOR) return mh_fail(err, MH_E_ABI, "bench is built for ABI 1");
    *out = &module;
    return MH_OK;
}
