/* A module that measures flatstore from where its users stand: through mh.db/1, in the real host, on threads of its own with a table
 * handle each, in rounds that alternate with the C floor of floors/rows.h doing the same work. The command bench.flatstore answers
 * the figures of each round; what durability flatstore has is the config's business, what the floor does is the argument `floor`. */
#define _GNU_SOURCE
#include "../floors/rows.h"
#include "rows.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <time.h>

MH_MODULE_NOTE("name=bench-flatstore\nversion=0.2.0\nabi=1.0\nrequires=mh.db/1\n");

#define MOST_THREADS 64
#define MOST_COLUMNS 256
#define MOST_BATCH 1000
#define MOST_ROUNDS 1000
#define SOME_ROWS 64 /* different rows, so that they stay in the processor's cache as a caller's own row does */

static struct {
    const mh_db_provider *db;
    void *db_ctx;
    mh_str directory;
} bench;

typedef struct {
    int64_t rows, threads, columns, batch, rounds;
    enum { FLOOR_KERNEL, FLOOR_BUFFERED, FLOOR_DISK } floor;
    char directory[3072];
} plan;

/* One thread's part of one round. */
typedef struct {
    _Alignas(256) const plan *plan;
    const bench_rows *rows;
    pthread_barrier_t *start;
    mh_db_table *table; /* NULL: the floor's turn */
    floor_file *file;
    int64_t cpu, begin, end, delay;
    char fault[256]; /* empty: none */
} part;

static int64_t clock_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Nanoseconds that this thread was ready to run and had no processor, because other threads had them. */
static int64_t delay_of_thread(void) {
    char text[128];
    long long ran = 0, waited = 0;
    int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    text[size > 0 ? size : 0] = 0;
    return sscanf(text, "%lld %lld", &ran, &waited) == 2 ? waited : 0;
}

/* ---- one round on one thread ---- */

static void take_fault(void *ctx, int32_t code, mh_str text) {
    part *part = ctx;
    (void)code;
    snprintf(part->fault, sizeof part->fault, "%.*s", (int)text.len, text.ptr);
}

/* Inserts `count` rows; false with the reason in part->fault. */
static int insert(part *part, int64_t count) {
    mh_error error = {.ctx = part, .report = take_fault};
    const mh_value *values = part->rows->values;
    uint32_t columns = (uint32_t)part->plan->columns;
    int64_t batch = part->plan->batch, at = 0;
    if (batch == 1) {
        for (int64_t i = 0; i < count; i++) {
            if (bench.db->insert(bench.db_ctx, part->table, values + at * columns, columns, &error) < 0) return 0;
            if (++at == part->rows->count) at = 0;
        }
        return 1;
    }
    for (int64_t i = 0; i < count; i += batch) {
        uint32_t stored = 0;
        if (bench.db->insert_batch(bench.db_ctx, part->table, values, columns, (uint32_t)batch, &stored, &error) < 0) return 0;
    }
    return 1;
}

/* The same for the floor. */
static int append(part *part, int64_t count) {
    const mh_value *values = part->rows->values;
    int columns = (int)part->plan->columns, batch = (int)part->plan->batch, at = 0;
    for (int64_t i = 0; i < count; i += batch) {
        if (floor_append(part->file, values + at * columns, columns, batch) < 0 ||
            (part->plan->floor == FLOOR_DISK && fdatasync(part->file->descriptor) < 0)) {
            snprintf(part->fault, sizeof part->fault, "the floor's write: %s", strerror(errno));
            return 0;
        }
        if (batch == 1 && ++at == part->rows->count) at = 0;
    }
    return 1;
}

static void *work(void *ctx) {
    part *part = ctx;
    /* The first rows open the file, and are not counted. */
    int good = part->table ? insert(part, part->plan->batch) : append(part, part->plan->batch);
    pthread_barrier_wait(part->start);
    if (!good) return NULL;
    int64_t delay = delay_of_thread(), cpu = clock_of(CLOCK_THREAD_CPUTIME_ID);
    part->begin = clock_of(CLOCK_MONOTONIC);
    if (part->table) {
        insert(part, part->plan->rows);
    } else if (append(part, part->plan->rows) && floor_write_out(part->file) < 0) {
        snprintf(part->fault, sizeof part->fault, "the floor's write: %s", strerror(errno));
    }
    part->end = clock_of(CLOCK_MONOTONIC);
    part->cpu = clock_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
    part->delay = delay_of_thread() - delay;
    return NULL;
}

/* ---- one round: all threads, then the files go, so that each round writes to new files on warm memory ---- */

static void remove_files(const char *directory) {
    DIR *list = opendir(directory);
    if (!list) return;
    for (struct dirent *entry; (entry = readdir(list));) {
        if (strncmp(entry->d_name, "bench_", 6) == 0) unlinkat(dirfd(list), entry->d_name, 0);
    }
    closedir(list);
}

typedef struct {
    /* Nanoseconds a row: CPU of all threads; time from the first start to the last end; and the longest time of a thread without
     * that in which it waited for a processor, which is what the clock would show on a machine with enough of them. */
    double cpu, wall, alone;
} figures;

/* 0 good, else the reason lies in `fault`. */
static int round_of(const plan *plan, const bench_rows *rows, mh_db *db, figures *out, char *fault, size_t size) {
    part *parts = aligned_alloc(256, (size_t)plan->threads * sizeof *parts);
    pthread_t threads[MOST_THREADS];
    pthread_barrier_t start;
    mh_db_column columns[MOST_COLUMNS];
    char names[MOST_COLUMNS][16];
    int64_t count = 0;
    if (!parts) return snprintf(fault, size, "no memory");
    memset(parts, 0, (size_t)plan->threads * sizeof *parts);
    fault[0] = 0;
    for (int64_t i = 0; i < plan->columns; i++) {
        snprintf(names[i], sizeof names[i], "column_%d", (int)i);
        columns[i] = (mh_db_column){.struct_size = sizeof columns[i], .type = MH_NULL, .name = mh_cstr(names[i])};
    }
    mh_array list = {columns, (uint32_t)plan->columns, sizeof columns[0]};
    for (; count < plan->threads; count++) {
        part *part = &parts[count];
        mh_error error = {.ctx = part, .report = take_fault};
        part->plan = plan;
        part->rows = rows;
        part->start = &start;
        if (db) {
            bench.db->use_table(bench.db_ctx, db, mh_cstr("bench"), &list, &part->table, &error);
            if (!part->table) break;
        } else {
            char path[4096];
            snprintf(path, sizeof path, "%s/bench_floor_%d.log", plan->directory, (int)count);
            part->file = aligned_alloc(4096, (sizeof *part->file + 4095) / 4096 * 4096);
            if (!part->file || floor_open(part->file, path, plan->floor == FLOOR_BUFFERED ? 32 * 1024 : 0) < 0) {
                snprintf(part->fault, sizeof part->fault, "the floor cannot make a file: %.200s", strerror(errno));
                break;
            }
        }
    }
    if (count == plan->threads) {
        pthread_barrier_init(&start, NULL, (unsigned)plan->threads);
        for (int64_t i = 0; i < count; i++) {
            if (pthread_create(&threads[i], NULL, work, &parts[i]) != 0) abort(); /* the others wait for it at the barrier */
        }
        for (int64_t i = 0; i < count; i++) pthread_join(threads[i], NULL);
        pthread_barrier_destroy(&start);
        int64_t begin = parts[0].begin, end = parts[0].end, cpu = 0, alone = 0;
        for (int64_t i = 0; i < count; i++) {
            if (parts[i].begin < begin) begin = parts[i].begin;
            if (parts[i].end > end) end = parts[i].end;
            cpu += parts[i].cpu;
            int64_t own = parts[i].end - parts[i].begin - parts[i].delay;
            if (own < parts[i].cpu) own = parts[i].cpu; /* it had to wait between the readings of the clocks */
            if (own > alone) alone = own;
        }
        out->cpu = (double)cpu / (double)(plan->rows * plan->threads);
        out->alone = (double)alone / (double)(plan->rows * plan->threads);
        out->wall = (double)(end - begin) / (double)(plan->rows * plan->threads);
    }
    for (int64_t i = 0; i < plan->threads; i++) {
        if (parts[i].fault[0]) snprintf(fault, size, "%s", parts[i].fault);
        if (parts[i].table) bench.db->release_table(bench.db_ctx, parts[i].table);
        if (parts[i].file) {
            if (parts[i].file->descriptor >= 0) close(parts[i].file->descriptor);
            free(parts[i].file);
        }
    }
    free(parts);
    remove_files(plan->directory); /* with the last handle of the table its files were closed */
    return fault[0] != 0;
}

/* ---- the command ---- */

static void put(const mh_mi_reply *reply, const char *name, double number) {
    mh_value value = mh_float(number);
    reply->value(reply->ctx, mh_cstr(name), &value);
}

static int32_t fail(const mh_mi_reply *reply, int32_t code, const char *text) {
    reply->fail(reply->ctx, code, mh_cstr(text));
    return MH_OK;
}

static int32_t measure(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    const mh_value *args = call->args.items;
    mh_str floor = args[0].as.text;
    plan plan = {.rows = args[1].as.integer, .rounds = args[2].as.integer, .threads = 1, .columns = 12, .batch = 1};
    if (args[3].type != MH_NULL) plan.threads = args[3].as.integer;
    if (args[4].type != MH_NULL) plan.columns = args[4].as.integer;
    if (args[5].type != MH_NULL) plan.batch = args[5].as.integer;
    snprintf(plan.directory, sizeof plan.directory, "%.*s", (int)bench.directory.len, bench.directory.ptr);
    if (mh_str_equal(floor, mh_cstr("kernel"))) {
        plan.floor = FLOOR_KERNEL;
    } else if (mh_str_equal(floor, mh_cstr("buffered"))) {
        plan.floor = FLOOR_BUFFERED;
    } else if (mh_str_equal(floor, mh_cstr("disk"))) {
        plan.floor = FLOOR_DISK;
    } else {
        return fail(reply, 400, "floor is kernel, buffered or disk");
    }
    if (plan.rows < 1 || plan.rounds < 1 || plan.rounds > MOST_ROUNDS || plan.threads < 1 || plan.threads > MOST_THREADS ||
        plan.columns < 1 || plan.columns > MOST_COLUMNS || plan.batch < 1 || plan.batch > MOST_BATCH || plan.rows % plan.batch) {
        return fail(reply, 400, "rows from 1 and a multiple of batch, rounds 1 to 1000, threads 1 to 64, columns 1 to 256, batch 1 to 1000");
    }
    bench_rows rows;
    if (bench_make_rows(&rows, plan.batch > SOME_ROWS ? (int)plan.batch : SOME_ROWS, (int)plan.columns) < 0) {
        return fail(reply, 500, "no memory");
    }
    char url[3200], fault[256] = "";
    snprintf(url, sizeof url, "flatstore:%s", plan.directory);
    mh_db *db = NULL;
    mh_db_open options = {.struct_size = sizeof options, .url = mh_cstr(url), .caller = MH_STR("bench")};
    figures *ours = calloc((size_t)plan.rounds, sizeof *ours), *floors = calloc((size_t)plan.rounds, sizeof *floors);
    if (!ours || !floors || bench.db->open(bench.db_ctx, &options, &db, NULL) < 0) {
        snprintf(fault, sizeof fault, "flatstore does not open %.200s", url);
    }
    for (int64_t i = 0; i < plan.rounds && !fault[0]; i++) {
        if (round_of(&plan, &rows, NULL, &floors[i], fault, sizeof fault) == 0) {
            round_of(&plan, &rows, db, &ours[i], fault, sizeof fault);
        }
    }
    if (fault[0]) {
        fail(reply, 500, fault);
    } else {
        reply->begin_map(reply->ctx, mh_cstr(""), 0);
        put(reply, "bytes_per_row", rows.bytes);
        reply->begin_list(reply->ctx, mh_cstr("rounds"), 0);
        for (int64_t i = 0; i < plan.rounds; i++) {
            reply->begin_map(reply->ctx, mh_cstr("round"), 0);
            put(reply, "cpu_ns", ours[i].cpu);
            put(reply, "wall_ns", ours[i].wall);
            put(reply, "alone_ns", ours[i].alone);
            put(reply, "floor_cpu_ns", floors[i].cpu);
            put(reply, "floor_wall_ns", floors[i].wall);
            put(reply, "floor_alone_ns", floors[i].alone);
            reply->end(reply->ctx);
        }
        reply->end(reply->ctx);
        reply->end(reply->ctx);
    }
    if (db) bench.db->close(bench.db_ctx, db);
    free(ours);
    free(floors);
    bench_free_rows(&rows);
    return MH_OK;
}

/* ---- the module ---- */

static int32_t init(void *ctx, const mh_host *host, const mh_error *err) {
    (void)ctx;
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

#define ARGUMENT(kind, bits, label, text) \
    {.struct_size = sizeof(mh_mi_arg), .type = kind, .flags = bits, .name = MH_STR(label), .help = MH_STR(text)}
static const mh_mi_arg arguments[] = {
    ARGUMENT(MH_STRING, 0, "floor", "kernel: one write a row or batch; buffered: 32 KiB a write; disk: fdatasync after each write"),
    ARGUMENT(MH_INT, 0, "rows", "rows of a thread in a round"),
    ARGUMENT(MH_INT, 0, "rounds", "rounds, each the floor and then flatstore"),
    ARGUMENT(MH_INT, MH_MI_ARG_OPTIONAL, "threads", "threads that insert, 1 unless given"),
    ARGUMENT(MH_INT, MH_MI_ARG_OPTIONAL, "columns", "columns of a row, 12 unless given"),
    ARGUMENT(MH_INT, MH_MI_ARG_OPTIONAL, "batch", "rows of one insert, 1 unless given"),
};
static const mh_mi_command commands[] = {{.struct_size = sizeof(mh_mi_command),
                                          .flags = MH_MI_CHANGE | MH_MI_SLOW,
                                          .name = MH_STR("bench.flatstore"),
                                          .summary = MH_STR("Measures inserts beside a C floor; figures of each round, in nanoseconds a row."),
                                          .example = MH_STR("bench.flatstore kernel 200000 7 2"),
                                          .args = MH_ARRAY(arguments),
                                          .handler = measure}};
static const mh_param params[] = {{.struct_size = sizeof(mh_param),
                                   .type = MH_STRING,
                                   .flags = MH_PARAM_REQUIRED,
                                   .name = MH_STR("directory"),
                                   .help = MH_STR("where flatstore and the floor write; files named bench_* in it are removed"),
                                   .storage = &bench.directory}};
static const mh_requirement requirements[] = {{.struct_size = sizeof(mh_requirement), .id = MH_STR(MH_DB_INTERFACE)}};
static const mh_module module = {.struct_size = sizeof module,
                                 .abi_major = MH_ABI_MAJOR,
                                 .abi_minor = 0,
                                 .name = MH_STR("bench-flatstore"),
                                 .version = MH_STR("0.2.0"),
                                 .summary = MH_STR("Measures flatstore beside a C floor."),
                                 .params = MH_ARRAY(params),
                                 .commands = MH_ARRAY(commands),
                                 .requires_ = MH_ARRAY(requirements),
                                 .init = init};

MH_EXPORT int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **out, const mh_error *err) {
    if (offer->abi_major != MH_ABI_MAJOR) return mh_fail(err, MH_E_ABI, "bench-flatstore is built for ABI 1");
    *out = &module;
    return MH_OK;
}
