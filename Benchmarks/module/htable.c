/* A module that measures htable from where its users stand: through mh.htable/1, in the real host, in rounds that alternate with
 * the C table of floors/table.h doing the same work. Commands and their replies, all maps of
 * numbers; the tables are "bench" (no expiry) and "expiring" (autoexpire=86400):
 *
 * bench.htable ENTRIES ROUNDS       a key of 15 bytes and an integer. For KIND of get, set, add, get_batch, set_batch, add_batch (16 keys
 *                                   at a time): KIND_ns, KIND_low_ns, KIND_high_ns (median, least and most CPU a key over the rounds),
 *                                   KIND_floor_ns, KIND_floor_low_ns, KIND_floor_high_ns, KIND_ratio (of the medians); bytes_per_entry
 *                                   (resident, table bench)
 * bench.htable_threads ENTRIES THREADS   1 to 8 threads at once on one table. For KIND of get, set: KIND_ops_per_s (wall, all threads),
 *                                   KIND_ns (CPU a key), and KIND_floor_ops_per_s, KIND_floor_ns of the C table; medians of 5 rounds
 * bench.htable_memory ENTRIES       a key of 15 bytes, an integer and an expiry: bytes_per_entry (resident, all in all), fill_ns (CPU of a
 *                                   set that inserts), entries (by the module's count). The table stays filled, for get_statistics htable:
 * bench.htable_fill ENTRIES SOON SECONDS   keys of 16 bytes and values of 32, of which SOON expire in SECONDS: bytes_per_entry
 * bench.htable_latency SECONDS      one thread's calls on what htable_fill left: p50_us, p99_us, p99_9_us, p99_99_us, worst_us, worst_at_s,
 *                                   operations, over_1_ms
 * bench.htable_expiry ENTRIES       as many expire together as stay: cpu_ns_per_entry, idle_cpu_ns_per_live_entry, left */
#define _GNU_SOURCE
#include <modhost/htable.h>
#include <modhost/modhost.h>

#include "../floors/table.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

MH_MODULE_NOTE("name=bench-htable\nversion=0.1.0\nabi=1.0\nrequires=mh.htable/1:htable\n");

#define MOST_ROUNDS 64
#define MOST_THREADS 8

static struct {
    const mh_htable_interface *api;
    void *ctx;
    mh_htable *plain;    /* table "bench": no expiry */
    mh_htable *expiring; /* table "expiring" */
} bench;

static int64_t clock_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint64_t next_random(uint64_t *state) {
    uint64_t x = *state;
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    return *state = x;
}

/* ---- the same through the interface ---- */

static mh_str key_text(const char *key) { return (mh_str){key, 15}; }

static int ours_get(const char *key, int64_t *value) {
    mh_htable_item item = {.struct_size = sizeof item};
    if (bench.api->get(bench.ctx, bench.plain, key_text(key), NULL, 0, &item, NULL) < 0) return 0;
    *value = item.value.as.integer;
    return 1;
}

static int32_t add_up(void *ctx, const mh_htable_item *item) {
    *(int64_t *)ctx += item->value.as.integer;
    return 0;
}

static int64_t ours_get_batch(char (*keys)[KEY_SIZE]) {
    mh_str names[BATCH];
    int64_t sum = 0;
    for (int i = 0; i < BATCH; i++) names[i] = key_text(keys[i]);
    mh_array list = MH_ARRAY(names);
    mh_htable_visitor visitor = {.struct_size = sizeof visitor, .ctx = &sum, .item = add_up};
    bench.api->get_batch(bench.ctx, bench.plain, &list, &visitor, NULL);
    return sum;
}

static int64_t ours_set_batch(char (*keys)[KEY_SIZE]) {
    mh_htable_item items[BATCH];
    for (int i = 0; i < BATCH; i++) {
        items[i] = (mh_htable_item){.struct_size = sizeof items[i], .key = key_text(keys[i]), .value = mh_int(1)};
    }
    mh_array list = MH_ARRAY(items);
    uint32_t stored = 0;
    bench.api->set_batch(bench.ctx, bench.plain, &list, MH_HTABLE_STANDARD, &stored, NULL);
    return stored;
}

static int64_t ours_add_batch(char (*keys)[KEY_SIZE]) {
    mh_str names[BATCH];
    int64_t sums[BATCH], sum = 0;
    for (int i = 0; i < BATCH; i++) names[i] = key_text(keys[i]);
    mh_array list = MH_ARRAY(names);
    bench.api->add_batch(bench.ctx, bench.plain, &list, 1, sums, NULL);
    for (int i = 0; i < BATCH; i++) sum += sums[i];
    return sum;
}

/* ---- rounds ---- */

enum { GET, SET, ADD, GET_BATCH, SET_BATCH, ADD_BATCH, KINDS };
static const char *const kind_names[KINDS] = {"get", "set", "add", "get_batch", "set_batch", "add_batch"};

static int64_t sink; /* what is computed goes here, or the compiler would leave it out */

/* CPU nanoseconds a key. */
static double round_of(int kind, int is_ours, uint64_t entries, uint64_t operations, uint64_t seed) {
    char keys[BATCH][KEY_SIZE];
    int64_t value = 0, sum = 0;
    mh_value one = mh_int(1);
    int64_t start = clock_of(CLOCK_THREAD_CPUTIME_ID);
    for (uint64_t i = 0; i < operations; i += kind >= GET_BATCH ? BATCH : 1) {
        if (kind >= GET_BATCH) {
            for (int k = 0; k < BATCH; k++) make_key(keys[k], next_random(&seed) % entries);
            if (kind == GET_BATCH) sum += is_ours ? ours_get_batch(keys) : floor_get_batch(keys);
            if (kind == SET_BATCH) sum += is_ours ? ours_set_batch(keys) : floor_set_batch(keys, 1, 0);
            if (kind == ADD_BATCH) sum += is_ours ? ours_add_batch(keys) : floor_set_batch(keys, 1, 1);
            continue;
        }
        make_key(keys[0], next_random(&seed) % entries);
        switch (kind) {
        case GET:
            sum += is_ours ? ours_get(keys[0], &value) : floor_get(keys[0], &value);
            break;
        case SET:
            if (is_ours) bench.api->set(bench.ctx, bench.plain, key_text(keys[0]), &one, MH_HTABLE_STANDARD, NULL);
            else sum += floor_set(keys[0], 1, 0);
            break;
        default:
            if (is_ours) bench.api->add(bench.ctx, bench.plain, key_text(keys[0]), 1, &value, NULL);
            else value = floor_set(keys[0], 1, 1);
            sum += value;
        }
    }
    __atomic_fetch_add(&sink, sum, __ATOMIC_RELAXED);
    return (double)(clock_of(CLOCK_THREAD_CPUTIME_ID) - start) / (double)operations;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void put(const mh_mi_reply *reply, const char *name, double number) {
    mh_value value = mh_float((double)(int64_t)(number * 1000 + 0.5) / 1000);
    reply->value(reply->ctx, mh_cstr(name), &value);
}

static int64_t argument(const mh_mi_call *call, uint32_t index) {
    return ((const mh_value *)call->args.items)[index].as.integer;
}

/* Resident bytes of the process. */
static double resident(void) {
    long pages = 0, shared = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return 0;
    if (fscanf(file, "%*d %ld %ld", &pages, &shared) != 2) pages = 0;
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* Puts NAME_ns, NAME_low_ns and NAME_high_ns; the median. */
static double put_figure(const mh_mi_reply *reply, const char *name, double *values, int count) {
    char field[64];
    double middle = median(values, count); /* which sorts them */
    snprintf(field, sizeof field, "%s_ns", name);
    put(reply, field, middle);
    snprintf(field, sizeof field, "%s_low_ns", name);
    put(reply, field, values[0]);
    snprintf(field, sizeof field, "%s_high_ns", name);
    put(reply, field, values[count - 1]);
    return middle;
}

/* Fills table bench, unless it may stay as an earlier command left it, and the floor; the bytes that the table has taken, or -1. */
static double fill_both(uint64_t entries, int may_stay) {
    char key[KEY_SIZE];
    int stays = may_stay && bench.api->count(bench.ctx, bench.plain) == (int64_t)entries;
    if (!stays) bench.api->flush(bench.ctx, bench.plain, NULL);
    double before = resident();
    for (uint64_t i = 0; i < entries && !stays; i++) {
        mh_value value = mh_int((int64_t)i);
        make_key(key, i);
        bench.api->set(bench.ctx, bench.plain, key_text(key), &value, MH_HTABLE_STANDARD, NULL);
    }
    double memory = resident() - before;
    if (floor_open(entries) < 0) return -1;
    for (uint64_t i = 0; i < entries; i++) {
        make_key(key, i);
        floor_set(key, (int64_t)i, 0);
    }
    return memory;
}

static int32_t run(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    uint64_t entries = (uint64_t)argument(call, 0);
    int rounds = (int)argument(call, 1);
    static double ours[KINDS][MOST_ROUNDS], floors[KINDS][MOST_ROUNDS];
    if (entries < 1 || rounds < 1 || rounds > MOST_ROUNDS) {
        reply->fail(reply->ctx, 400, mh_cstr("expected at least 1 entry and 1 to 64 rounds"));
        return MH_OK;
    }
    double memory = fill_both(entries, 0);
    if (memory < 0) {
        reply->fail(reply->ctx, 500, mh_cstr("the floor has no memory"));
        return MH_OK;
    }
    uint64_t operations = 1000000;
    for (int round = 0; round < rounds; round++) {
        for (int kind = 0; kind < KINDS; kind++) {
            uint64_t seed = 88172645463325252u + (uint64_t)round;
            floors[kind][round] = round_of(kind, 0, entries, operations, seed);
            ours[kind][round] = round_of(kind, 1, entries, operations, seed);
        }
    }
    floor_close();
    reply->begin_map(reply->ctx, mh_cstr(""), 0);
    put(reply, "bytes_per_entry", memory / (double)entries);
    for (int kind = 0; kind < KINDS; kind++) {
        char name[32];
        double a = put_figure(reply, kind_names[kind], ours[kind], rounds);
        snprintf(name, sizeof name, "%s_floor", kind_names[kind]);
        double b = put_figure(reply, name, floors[kind], rounds);
        snprintf(name, sizeof name, "%s_ratio", kind_names[kind]);
        put(reply, name, a / b);
    }
    reply->end(reply->ctx);
    return MH_OK;
}

/* ---- threads ---- */

#define THREAD_ROUNDS 5
#define THREAD_OPERATIONS 500000

typedef struct {
    pthread_t id;
    pthread_barrier_t *gate;
    int kind, is_ours;
    uint64_t entries, seed;
    double cpu_ns; /* a key */
} worker;

static void *work(void *raw) {
    worker *w = raw;
    pthread_barrier_wait(w->gate);
    w->cpu_ns = round_of(w->kind, w->is_ours, w->entries, THREAD_OPERATIONS, w->seed);
    pthread_barrier_wait(w->gate);
    return NULL;
}

/* Runs the threads once: operations a wall second of all, and CPU nanoseconds a key; -1 when a thread cannot be made. */
static double threads_of(int kind, int is_ours, uint64_t entries, int count, uint64_t seed, double *cpu_ns) {
    worker workers[MOST_THREADS];
    pthread_barrier_t gate;
    pthread_barrier_init(&gate, NULL, (unsigned)count + 1);
    for (int i = 0; i < count; i++) {
        workers[i] = (worker){.gate = &gate, .kind = kind, .is_ours = is_ours, .entries = entries, .seed = seed + (uint64_t)i * 7919};
        /* Those that wait at the gate already would wait forever: there is nothing to go on with. */
        if (pthread_create(&workers[i].id, NULL, work, &workers[i])) abort();
    }
    pthread_barrier_wait(&gate);
    int64_t start = clock_of(CLOCK_MONOTONIC);
    pthread_barrier_wait(&gate);
    double took = (double)(clock_of(CLOCK_MONOTONIC) - start);
    *cpu_ns = 0;
    for (int i = 0; i < count; i++) {
        pthread_join(workers[i].id, NULL);
        *cpu_ns += workers[i].cpu_ns / count;
    }
    pthread_barrier_destroy(&gate);
    return (double)count * THREAD_OPERATIONS / took * 1e9;
}

static int32_t run_threads(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    uint64_t entries = (uint64_t)argument(call, 0);
    int count = (int)argument(call, 1);
    if (entries < 1 || count < 1 || count > MOST_THREADS) {
        reply->fail(reply->ctx, 400, mh_cstr("expected at least 1 entry and 1 to 8 threads"));
        return MH_OK;
    }
    if (fill_both(entries, 1) < 0) {
        reply->fail(reply->ctx, 500, mh_cstr("the floor has no memory"));
        return MH_OK;
    }
    double wall[2][2][THREAD_ROUNDS], cpu[2][2][THREAD_ROUNDS];
    for (int round = 0; round < THREAD_ROUNDS; round++) {
        for (int kind = GET; kind <= SET; kind++) {
            for (int is_ours = 0; is_ours < 2; is_ours++) {
                uint64_t seed = 88172645463325252u + (uint64_t)round;
                wall[kind][is_ours][round] = threads_of(kind, is_ours, entries, count, seed, &cpu[kind][is_ours][round]);
            }
        }
    }
    floor_close();
    reply->begin_map(reply->ctx, mh_cstr(""), 0);
    for (int kind = GET; kind <= SET; kind++) {
        for (int is_ours = 0; is_ours < 2; is_ours++) {
            char name[32];
            snprintf(name, sizeof name, "%s%s_ops_per_s", kind_names[kind], is_ours ? "" : "_floor");
            put(reply, name, median(wall[kind][is_ours], THREAD_ROUNDS));
            snprintf(name, sizeof name, "%s%s_ns", kind_names[kind], is_ours ? "" : "_floor");
            put(reply, name, median(cpu[kind][is_ours], THREAD_ROUNDS));
        }
    }
    reply->end(reply->ctx);
    return MH_OK;
}

/* ---- memory ---- */

static int32_t run_memory(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    uint64_t entries = (uint64_t)argument(call, 0);
    char key[KEY_SIZE];
    if (entries < 1) {
        reply->fail(reply->ctx, 400, mh_cstr("expected at least 1 entry"));
        return MH_OK;
    }
    bench.api->flush(bench.ctx, bench.expiring, NULL);
    double before = resident();
    int64_t start = clock_of(CLOCK_THREAD_CPUTIME_ID);
    for (uint64_t i = 0; i < entries; i++) {
        mh_value value = mh_int((int64_t)i);
        make_key(key, i);
        if (bench.api->set(bench.ctx, bench.expiring, key_text(key), &value, MH_HTABLE_STANDARD, NULL) < 0) {
            reply->fail(reply->ctx, 500, mh_cstr("a set failed"));
            return MH_OK;
        }
    }
    double spent = (double)(clock_of(CLOCK_THREAD_CPUTIME_ID) - start);
    reply->begin_map(reply->ctx, mh_cstr(""), 0);
    put(reply, "bytes_per_entry", (resident() - before) / (double)entries);
    put(reply, "fill_ns", spent / (double)entries);
    put(reply, "entries", (double)bench.api->count(bench.ctx, bench.expiring));
    reply->end(reply->ctx);
    return MH_OK;
}

/* ---- latency ---- */

static uint64_t filled;

/* Entries of a 16-byte key and a 32-byte value in table "expiring": `soon` of them expire after `seconds`, the rest after a day. */
static int32_t fill(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    uint64_t entries = (uint64_t)argument(call, 0), soon = (uint64_t)argument(call, 1);
    int64_t seconds = argument(call, 2);
    char key[24];
    double before = resident();
    int64_t until = time(NULL) + seconds;
    for (uint64_t i = 0; i < entries; i++) {
        mh_value value = mh_text((mh_str)MH_STR("0123456789abcdef0123456789ABCDEF"));
        snprintf(key, sizeof key, "%016llu", (unsigned long long)i);
        if (bench.api->set_until(bench.ctx, bench.expiring, (mh_str){key, 16}, &value,
                                 i < soon ? until : until + 86400, NULL) < 0) {
            reply->fail(reply->ctx, 500, mh_cstr("a set failed"));
            return MH_OK;
        }
    }
    filled = entries;
    reply->begin_map(reply->ctx, mh_cstr(""), 0);
    put(reply, "bytes_per_entry", (resident() - before) / (double)entries);
    reply->end(reply->ctx);
    return MH_OK;
}

#define BUCKETS 4096

/* Buckets of 1/32 of a power of two: 3 % wide. */
static int bucket_of(int64_t ns) {
    if (ns < 32) return ns < 0 ? 0 : (int)ns;
    int log = 63 - __builtin_clzll((uint64_t)ns);
    return (log - 4) * 32 + (int)((ns >> (log - 5)) & 31);
}

static double value_of(int bucket) {
    if (bucket < 32) return bucket;
    int log = bucket / 32 + 4;
    return (double)((32 + (int64_t)(bucket % 32) + 1) << (log - 5));
}

static int32_t latency(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    int64_t seconds = argument(call, 0);
    static uint64_t counts[BUCKETS];
    memset(counts, 0, sizeof counts);
    uint64_t seed = 88172645463325252u, operations = 0, over = 0;
    int64_t worst = 0, worst_at = 0, end = clock_of(CLOCK_MONOTONIC) + seconds * 1000000000;
    char key[24], buffer[64];
    mh_htable_item item = {.struct_size = sizeof item};
    mh_value value = mh_text((mh_str)MH_STR("0123456789abcdef0123456789ABCDEF"));
    if (!filled) {
        reply->fail(reply->ctx, 400, mh_cstr("fill the table first: bench.htable_fill"));
        return MH_OK;
    }
    int64_t now = clock_of(CLOCK_MONOTONIC);
    while (now < end) {
        uint64_t random = next_random(&seed);
        /* One in four inserts, and so grows the table. */
        uint64_t number = random % 4 == 0 ? filled + operations : random / 4 % filled;
        snprintf(key, sizeof key, "%016llu", (unsigned long long)number);
        mh_str name = {key, 16};
        int64_t start = clock_of(CLOCK_MONOTONIC);
        if (random % 4 == 0) {
            bench.api->set(bench.ctx, bench.expiring, name, &value, 86400, NULL);
        } else {
            bench.api->get(bench.ctx, bench.expiring, name, buffer, sizeof buffer, &item, NULL);
        }
        now = clock_of(CLOCK_MONOTONIC);
        int64_t took = now - start;
        counts[bucket_of(took)]++;
        if (took > worst) {
            worst = took;
            worst_at = start;
        }
        if (took > 1000000) over++;
        operations++;
    }
    reply->begin_map(reply->ctx, mh_cstr(""), 0);
    static const struct { const char *name; double part; } marks[] = {
        {"p50_us", 0.5}, {"p99_us", 0.99}, {"p99_9_us", 0.999}, {"p99_99_us", 0.9999}};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        uint64_t sum = 0, wanted = (uint64_t)((double)operations * marks[i].part);
        int bucket = 0;
        while (bucket < BUCKETS - 1 && (sum += counts[bucket]) <= wanted) bucket++;
        put(reply, marks[i].name, value_of(bucket) / 1000);
    }
    put(reply, "worst_us", (double)worst / 1000);
    put(reply, "worst_at_s", (double)(worst_at - end) / 1e9 + (double)seconds);
    put(reply, "operations", (double)operations);
    put(reply, "over_1_ms", (double)over);
    reply->end(reply->ctx);
    return MH_OK;
}

/* ---- expiry ---- */

/* A million entries that expire together beside as many that stay: CPU time of the whole process for each that goes. */
static int32_t expiry(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    uint64_t entries = (uint64_t)argument(call, 0);
    char key[KEY_SIZE];
    mh_value value = mh_int(1);
    bench.api->flush(bench.ctx, bench.expiring, NULL);
    int64_t until = time(NULL) + 3 + (int64_t)(entries / 150000); /* room for a fill on a busy machine */
    for (uint64_t i = 0; i < entries * 2; i++) {
        make_key(key, i);
        bench.api->set_until(bench.ctx, bench.expiring, key_text(key), &value, i % 2 ? until : until + 86400, NULL);
    }
    if (time(NULL) >= until) {
        reply->fail(reply->ctx, 500, mh_cstr("the machine is too slow for this: the fill took longer than the expiry"));
        return MH_OK;
    }
    /* The second of its expiry is still an entry's life. This thread sleeps, as its own time would count: eight seconds in which the
     * module works, then four in which nothing is left to do. */
    while (time(NULL) <= until - 1) usleep(10000);
    int64_t start = clock_of(CLOCK_PROCESS_CPUTIME_ID);
    while (time(NULL) < until + 8) usleep(100000);
    double spent = (double)(clock_of(CLOCK_PROCESS_CPUTIME_ID) - start);
    start = clock_of(CLOCK_PROCESS_CPUTIME_ID);
    while (time(NULL) < until + 12) usleep(100000);
    double idle = (double)(clock_of(CLOCK_PROCESS_CPUTIME_ID) - start) * 2;
    reply->begin_map(reply->ctx, mh_cstr(""), 0);
    put(reply, "left", (double)bench.api->count(bench.ctx, bench.expiring));
    put(reply, "cpu_ns_per_entry", (spent - idle) / (double)entries);
    put(reply, "idle_cpu_ns_per_live_entry", idle / 8 / (double)entries);
    reply->end(reply->ctx);
    bench.api->flush(bench.ctx, bench.expiring, NULL);
    return MH_OK;
}

static int32_t init(void *ctx, const mh_host *host, const mh_error *err) {
    (void)ctx;
    mh_str id = MH_STR(MH_INTERFACE_SERVICE), htable = MH_STR(MH_HTABLE_INTERFACE), selector = MH_STR("htable");
    const mh_interface_service *interfaces = host->query(host->self, id, sizeof *interfaces);
    if (!interfaces) return mh_fail(err, MH_E_ABI, "the host has no mh.interface/1");
    mh_interface_ref found = {.struct_size = sizeof found};
    int32_t code = interfaces->acquire(host->self, htable, selector, sizeof(mh_htable_interface), &found, err);
    if (code < 0) return code;
    bench.api = found.table;
    bench.ctx = found.ctx;
    code = bench.api->open(bench.ctx, mh_cstr("bench"), &bench.plain, err);
    return code < 0 ? code : bench.api->open(bench.ctx, mh_cstr("expiring"), &bench.expiring, err);
}

#define ARGUMENT(title, text) {.struct_size = sizeof(mh_mi_arg), .type = MH_INT, .name = MH_STR(title), .help = MH_STR(text)}
static const mh_mi_arg run_arguments[] = {ARGUMENT("entries", "entries of the table"), ARGUMENT("rounds", "1 to 64")};
static const mh_mi_arg threads_arguments[] = {ARGUMENT("entries", "entries of the table"), ARGUMENT("threads", "1 to 8")};
static const mh_mi_arg memory_arguments[] = {ARGUMENT("entries", "entries of the table")};
static const mh_mi_arg fill_arguments[] = {ARGUMENT("entries", "entries of the table"), ARGUMENT("soon", "how many of them expire soon"),
                                           ARGUMENT("seconds", "how soon")};
static const mh_mi_arg latency_arguments[] = {ARGUMENT("seconds", "how long")};
static const mh_mi_arg expiry_arguments[] = {ARGUMENT("entries", "how many expire")};
#define COMMAND(title, text, list, function)                                                                              \
    {.struct_size = sizeof(mh_mi_command), .flags = MH_MI_CHANGE | MH_MI_SLOW, .name = MH_STR(title),                      \
     .summary = MH_STR(text), .example = MH_STR(title), .args = MH_ARRAY(list), .handler = function}
static const mh_mi_command commands[] = {
    COMMAND("bench.htable", "Measures single and batched operations beside a C table.", run_arguments, run),
    COMMAND("bench.htable_threads", "Measures threads on one table beside a C table.", threads_arguments, run_threads),
    COMMAND("bench.htable_memory", "Fills table expiring with small entries: memory of each.", memory_arguments, run_memory),
    COMMAND("bench.htable_fill", "Fills table expiring.", fill_arguments, fill),
    COMMAND("bench.htable_latency", "Measures single operations on table expiring.", latency_arguments, latency),
    COMMAND("bench.htable_expiry", "Measures what an expired entry costs.", expiry_arguments, expiry)};
static const mh_requirement requirements[] = {
    {.struct_size = sizeof(mh_requirement), .id = MH_STR(MH_HTABLE_INTERFACE), .selector = MH_STR("htable")}};
static const mh_module module = {.struct_size = sizeof module,
                                 .abi_major = MH_ABI_MAJOR,
                                 .abi_minor = 0,
                                 .name = MH_STR("bench-htable"),
                                 .version = MH_STR("0.1.0"),
                                 .summary = MH_STR("Measures htable beside a C table."),
                                 .commands = MH_ARRAY(commands),
                                 .requires_ = MH_ARRAY(requirements),
                                 .init = init};

MH_EXPORT int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **out, const mh_error *err) {
    if (offer->abi_major != MH_ABI_MAJOR) return mh_fail(err, MH_E_ABI, "bench-htable is built for ABI 1");
    *out = &module;
    return MH_OK;
}
