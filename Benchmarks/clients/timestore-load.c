/* Load for a server of the timestore protocol, ours and the floor alike. One thread; requests are built before they are sent, answers
 * are checked. Prints one line of JSON. What the server costs is read from /proc/PID/task/<thread>/schedstat, nanoseconds on a CPU.
 *
 *   timestore-load put PORT PID key=value...   requests PUTs of `batch` records, over `uuids` series that begin with one record each
 *   timestore-load get PORT PID key=value...   stores `records` records in each series, then asks `requests` times for `range` of them
 *   keys: requests=1000 batch=1 records=1000000 range=0 (0: all) uuids=1 connections=1 window=1 salt=0 check=1
 * `window` is how many requests of a connection may be unanswered; `salt` gives the run series of its own; `check` compares all that
 * is stored (put), or every record that comes (get), not only counts and ends. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST = 56, RECORD = 8, STEP = 256 * 1024, FILL = 10000 };
static const uint32_t base = 1700000000; /* November 2023: a million seconds later it is the same year */

struct record {
    uint32_t time;
    float value;
};

struct expected { /* an answer that is to come */
    double sent;
    uint32_t series, first, count;
};

struct connection {
    int socket;
    uint32_t next; /* series of this connection: index, index + connections, ... */
    struct expected *ring;
    size_t head, tail;
    uint8_t partial[RECORD];
    size_t have;     /* bytes of the count or of a record that was cut */
    uint32_t left;   /* records of the answer under way */
    uint32_t at;     /* the record that comes next */
    int in_records;
};

static long requests = 1000, batch = 1, records = 1000000, range, uuids = 1, connections = 1, window = 1, salt, check = 1;
static uint32_t *stored; /* records of each series */
static struct connection *all;
static uint8_t *out, *in;
static double *times;
static long answered, begun;
static uint64_t bytes_moved;
static int queue;
static uint64_t seed = 88172645463325252u;

static void fail(const char *what) {
    fprintf(stderr, "timestore-load: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double own_cpu(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double server_cpu(const char *pid) {
    char path[300];
    double sum = 0;
    snprintf(path, sizeof path, "/proc/%s/task", pid);
    DIR *tasks = opendir(path);
    if (!tasks) fail(path);
    for (struct dirent *entry; (entry = readdir(tasks));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%s/task/%.20s/schedstat", pid, entry->d_name);
        FILE *file = fopen(path, "r");
        double spent = 0;
        if (file && fscanf(file, "%lf", &spent) == 1) sum += spent;
        if (file) fclose(file);
    }
    closedir(tasks);
    return sum;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static uint32_t random_below(uint32_t limit) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed % limit);
}

static struct record record_at(uint32_t index) { return (struct record){base + index, (float)(index & 0xFFFF)}; }

static size_t build(uint8_t *target, uint32_t type, uint32_t series, uint32_t count, uint32_t first, uint32_t second) {
    char name[41] = {0};
    uint32_t mixed = (series + (uint32_t)salt * 100003u) * 2654435761u; /* spread over the directories */
    snprintf(name, sizeof name, "%08x-%04x-4000-8000-%012x", mixed, (unsigned)salt & 0xFFFF, series);
    memcpy(target, &type, 4);
    memcpy(target + 4, name, 40);
    memcpy(target + 44, &count, 4);
    memcpy(target + 48, &first, 4);
    memcpy(target + 52, &second, 4);
    return REQUEST;
}

static size_t build_put(uint8_t *target, uint32_t series, uint32_t first, uint32_t count) {
    struct record one = record_at(first);
    uint32_t value;
    memcpy(&value, &one.value, 4);
    if (count == 1) return build(target, 2, series, 1, one.time, value);
    size_t size = build(target, 2, series, count, 0, 0);
    for (uint32_t i = 0; i < count; i++) {
        one = record_at(first + i);
        memcpy(target + size + (size_t)i * RECORD, &one, RECORD);
    }
    return size + (size_t)count * RECORD;
}

static void send_all(int socket, const uint8_t *bytes, size_t size) {
    while (size) {
        ssize_t n = send(socket, bytes, size, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) fail("send");
        if (n > 0) bytes += n, size -= (size_t)n;
    }
}

static void expect(struct connection *c, uint32_t series, uint32_t first, uint32_t count, double when) {
    c->ring[c->tail++ % (size_t)window] = (struct expected){when, series, first, count};
    begun++;
}

static void finish(struct connection *c) {
    times[answered++] = now() - c->ring[c->head++ % (size_t)window].sent;
    c->in_records = 0;
}

static void compare(struct connection *c, const uint8_t *bytes, uint32_t count) {
    if (check) {
        uint32_t wrong = 0;
        for (uint32_t i = 0; i < count; i++) {
            struct record found, wanted = record_at(c->at + i);
            memcpy(&found, bytes + (size_t)i * RECORD, RECORD);
            wrong |= (found.time ^ wanted.time) | (uint32_t)(found.value != wanted.value);
        }
        if (wrong) fail("a record is not the one that was stored");
    } else if (count) {
        struct record found, wanted = record_at(c->at + count - 1);
        memcpy(&found, bytes + (size_t)(count - 1) * RECORD, RECORD);
        if (found.time != wanted.time) fail("a record is not the one that was stored");
    }
    c->at += count;
    c->left -= count;
}

/* Takes what came; answers of a PUT are their count, of a GET the count and the records. */
static void take(struct connection *c, const uint8_t *bytes, size_t size, int is_get) {
    while (size) {
        size_t unit = c->in_records ? RECORD : 4;
        if (c->in_records && c->have == 0 && size >= RECORD) {
            uint32_t count = (uint32_t)(size / RECORD);
            if (count > c->left) count = c->left;
            compare(c, bytes, count);
            bytes += (size_t)count * RECORD;
            size -= (size_t)count * RECORD;
        } else {
            size_t part = unit - c->have < size ? unit - c->have : size;
            memcpy(c->partial + c->have, bytes, part);
            c->have += part;
            bytes += part;
            size -= part;
            if (c->have < unit) return;
            c->have = 0;
            if (c->in_records) {
                compare(c, c->partial, 1);
            } else {
                uint32_t count;
                if (c->head == c->tail) fail("an answer to nothing");
                const struct expected *wanted = &c->ring[c->head % (size_t)window];
                memcpy(&count, c->partial, 4);
                if (count != wanted->count) {
                    fprintf(stderr, "answer %u, expected %u\n", count, wanted->count);
                    exit(1);
                }
                if (!is_get || count == 0) {
                    finish(c);
                    continue;
                }
                c->in_records = 1;
                c->left = count;
                c->at = wanted->first;
            }
        }
        if (c->in_records && c->left == 0) finish(c);
    }
}

/* Runs requests until `total` are answered. `put`: records of one request, or 0 for GETs of `range`. */
static void run(long total, long put) {
    long each = put ? (STEP + REQUEST + put * RECORD - 1) / (REQUEST + put * RECORD) : STEP / REQUEST;
    begun = answered = 0;
    while (answered < total) {
        for (long i = 0; i < connections; i++) {
            struct connection *c = &all[i];
            size_t size = 0;
            long gathered = 0;
            if (c->tail - c->head == (size_t)window || begun == total) continue;
            double when = now();
            while (begun < total && c->tail - c->head < (size_t)window && gathered++ < each) {
                uint32_t series = c->next;
                c->next += (uint32_t)connections;
                if (c->next >= (uint32_t)uuids) c->next = (uint32_t)i;
                if (put) {
                    size += build_put(out + size, series, stored[series], (uint32_t)put);
                    expect(c, series, stored[series], (uint32_t)put, when);
                    stored[series] += (uint32_t)put;
                } else {
                    uint32_t count = range && (uint32_t)range < stored[series] ? (uint32_t)range : stored[series];
                    uint32_t first = count < stored[series] ? random_below(stored[series] - count) : 0;
                    size += build(out + size, 1, series, 0, base + first, base + first + count - 1);
                    expect(c, series, first, count, when);
                    bytes_moved += (uint64_t)count * RECORD;
                }
            }
            send_all(c->socket, out, size);
            if (put) bytes_moved += size;
        }
        struct epoll_event events[64];
        int ready = 1;
        if (connections > 1 && (ready = epoll_wait(queue, events, 64, -1)) < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct connection *c = connections > 1 ? events[i].data.ptr : all;
            ssize_t n = recv(c->socket, in, STEP, 0);
            if (n == 0) errno = 0, fail("the server closed the connection");
            if (n < 0 && errno != EINTR) fail("recv");
            if (n > 0) take(c, in, (size_t)n, put == 0);
        }
    }
}

static void connect_all(int port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    queue = epoll_create1(EPOLL_CLOEXEC);
    for (long i = 0; i < connections; i++) {
        struct connection *c = &all[i];
        int one = 1;
        c->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        c->next = (uint32_t)i;
        c->ring = calloc((size_t)window, sizeof *c->ring);
        if (!c->ring || connect(c->socket, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
        setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        if (epoll_ctl(queue, EPOLL_CTL_ADD, c->socket, &event) != 0) fail("epoll_ctl");
    }
}

int main(int argc, char **argv) {
    static const struct { const char *name; long *value; } keys[] = {
        {"requests", &requests}, {"batch", &batch}, {"records", &records}, {"range", &range}, {"uuids", &uuids},
        {"connections", &connections}, {"window", &window}, {"salt", &salt}, {"check", &check}};
    int is_put = argc > 3 && strcmp(argv[1], "put") == 0;
    if (argc < 4 || (!is_put && strcmp(argv[1], "get") != 0)) {
        fprintf(stderr, "usage: timestore-load put|get PORT PID [key=value...]\n");
        return 2;
    }
    for (int i = 4; i < argc; i++) {
        size_t key = 0, count = sizeof keys / sizeof *keys;
        for (; key < count; key++) {
            size_t length = strlen(keys[key].name);
            if (strncmp(argv[i], keys[key].name, length) == 0 && argv[i][length] == '=') {
                *keys[key].value = strtol(argv[i] + length + 1, NULL, 10);
                break;
            }
        }
        if (key == count) {
            fprintf(stderr, "timestore-load: \"%s\" is no key=value of: requests batch records range uuids connections window salt check\n",
                argv[i]);
            return 2;
        }
    }
    if (uuids < connections) uuids = connections; /* no two connections write one series */
    if (requests < 1 || batch < 1 || records < 1 || connections < 1 || window < 1) {
        fprintf(stderr, "timestore-load: requests, batch, records, connections and window are at least 1\n");
        return 2;
    }
    long longest = batch > FILL ? batch : FILL, most = requests > uuids ? requests : uuids;
    if (!is_put && most < uuids * (records / FILL + 1)) most = uuids * (records / FILL + 1);
    stored = calloc((size_t)uuids, sizeof *stored);
    all = calloc((size_t)connections, sizeof *all);
    out = malloc(2 * STEP + REQUEST + (size_t)longest * RECORD);
    in = malloc(STEP);
    times = malloc((size_t)most * sizeof *times);
    if (!stored || !all || !out || !in || !times) fail("malloc");
    connect_all(atoi(argv[2]));
    if (is_put) {
        run(uuids, 1);
    } else {
        long left = records;
        if (left >= FILL) run(uuids * (left / FILL), FILL);
        if (left % FILL) run(uuids, left % FILL);
    }
    for (long i = 0; i < connections; i++) all[i].next = (uint32_t)i;
    bytes_moved = 0;
    double spent = server_cpu(argv[3]), own = own_cpu(), from = now();
    run(requests, is_put ? batch : 0);
    double wall = now() - from;
    own = own_cpu() - own;
    spent = server_cpu(argv[3]) - spent;
    uint64_t moved = bytes_moved, moved_records = is_put ? (uint64_t)requests * (uint64_t)batch : moved / RECORD;
    qsort(times, (size_t)requests, sizeof *times, by_value);
    double p50 = times[requests / 2], p99 = times[requests - 1 - requests / 100];
    if (is_put && check) {
        for (long i = 0; i < connections; i++) all[i].next = (uint32_t)i;
        range = 0;
        run(uuids, 0);
    }
    printf("{\"requests\":%ld,\"records\":%llu,\"bytes\":%llu,\"wall_ns\":%.0f,\"p50_ns\":%.0f,\"p99_ns\":%.0f,\"client_cpu_ns\":%.0f,"
           "\"server_cpu_ns\":%.0f,\"connections\":%ld,\"uuids\":%ld,\"window\":%ld,\"batch\":%ld}\n",
        requests, (unsigned long long)moved_records, (unsigned long long)moved, wall, p50, p99, own, spent, connections, uuids,
        window, is_put ? batch : 0L);
    return 0;
}
