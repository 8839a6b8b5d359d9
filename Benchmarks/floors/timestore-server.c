/* The floor under timestore: one thread, epoll, one file for each UUID, opened once. PUT appends what came with pwrite, GET answers
 * with pread and send in steps of 256 KiB. It knows no years, no order of time, no checks and no recovery: only what is needed to
 * answer the load client. `timestore-server DIRECTORY [header] [sendfile]` prints its port on one line. With `header` every PUT also
 * writes the times of the first and the last record at the beginning of the file, as the format asks. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STEP = 256 * 1024, REQUEST = 56, RECORD = 8, HEADER = 8, TEXT = 36 };

struct series {
    char name[TEXT];
    int file;
    uint32_t first, last;
    uint64_t count;
};

struct connection {
    int socket;
    uint32_t events;
    uint8_t *in, *out;
    size_t have, waiting, sent;
    struct series *put; /* its records are coming in */
    uint32_t left, stored;
    int get; /* a file whose records are going out, or -1 */
    off_t offset;
    size_t to_send;
};

static const char *directory;
static int has_header, uses_sendfile, queue;
static struct series **table;
static size_t table_size = 1024, table_count;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static size_t place_of(const char *name) {
    uint64_t hash = 14695981039346656037u, word;
    for (size_t i = 0; i + 8 <= TEXT; i += 8) {
        memcpy(&word, name + i, 8);
        hash = (hash ^ word) * 1099511628211u;
        hash ^= hash >> 29;
    }
    memcpy(&word, name + TEXT - 8, 8);
    hash = (hash ^ word) * 1099511628211u;
    size_t place = (hash ^ hash >> 32) & (table_size - 1);
    while (table[place] && memcmp(table[place]->name, name, TEXT) != 0) place = (place + 1) & (table_size - 1);
    return place;
}

static struct series *series_of(const char *name) {
    size_t place = place_of(name);
    if (table[place]) return table[place];
    if (2 * ++table_count > table_size) {
        struct series **old = table;
        size_t size = table_size;
        table_size *= 2;
        table = calloc(table_size, sizeof *table);
        if (!table) fail("calloc");
        for (size_t i = 0; i < size; i++)
            if (old[i]) table[place_of(old[i]->name)] = old[i];
        free(old);
        place = place_of(name);
    }
    struct series *series = calloc(1, sizeof *series);
    if (!series) fail("calloc");
    memcpy(series->name, name, TEXT);
    char path[4096];
    snprintf(path, sizeof path, "%s/%.36s", directory, name);
    series->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (series->file < 0) fail(path);
    return table[place] = series;
}

static int append(struct series *series, const uint8_t *records, size_t bytes) {
    off_t end = (off_t)(HEADER + series->count * RECORD);
    if (pwrite(series->file, records, bytes, end) != (ssize_t)bytes) return 0;
    if (series->count == 0) memcpy(&series->first, records, 4);
    memcpy(&series->last, records + bytes - RECORD, 4);
    series->count += bytes / RECORD;
    if (!has_header) return 1;
    uint32_t header[2] = {series->first, series->last};
    return pwrite(series->file, header, HEADER, 0) == HEADER;
}

/* The index of the first record whose time is not below `time`. */
static uint64_t bound(const struct series *series, uint64_t time) {
    if (time <= series->first) return 0;
    if (time > series->last) return series->count;
    uint64_t low = 0, high = series->count;
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        uint32_t found = 0;
        if (pread(series->file, &found, 4, (off_t)(HEADER + middle * RECORD)) != 4) fail("pread");
        if (found < time) low = middle + 1; else high = middle;
    }
    return low;
}

static void answer(struct connection *c, uint32_t number) {
    memcpy(c->out + c->waiting, &number, 4);
    c->waiting += 4;
}

/* Sends what waits, and with it the records of a GET step by step; 0 when the socket takes no more for now. */
static int flush(struct connection *c) {
    for (;;) {
        if (c->get >= 0 && c->to_send && !uses_sendfile && c->waiting <= STEP && c->sent == 0) {
            size_t step = c->to_send < STEP ? c->to_send : STEP;
            ssize_t n = pread(c->get, c->out + c->waiting, step, c->offset);
            if (n <= 0) return -1;
            c->offset += n;
            c->to_send -= (size_t)n;
            c->waiting += (size_t)n;
        }
        while (c->sent < c->waiting) {
            int more = uses_sendfile && c->get >= 0 ? MSG_MORE : 0;
            ssize_t n = send(c->socket, c->out + c->sent, c->waiting - c->sent, MSG_NOSIGNAL | more);
            if (n < 0) return errno == EAGAIN ? 0 : -1;
            c->sent += (size_t)n;
        }
        c->waiting = c->sent = 0;
        if (c->get < 0) return 1;
        if (uses_sendfile && c->to_send) {
            ssize_t n = sendfile(c->socket, c->get, &c->offset, c->to_send);
            if (n < 0) return errno == EAGAIN ? 0 : -1;
            c->to_send -= (size_t)n;
        }
        if (c->to_send == 0) c->get = -1;
    }
}

/* Takes whole requests and records; answers how many bytes, -1 on a broken stream. Stops at a GET and when the answers are many. */
static ssize_t take(struct connection *c) {
    size_t at = 0;
    while (c->get < 0 && c->waiting + 4 <= STEP) {
        if (c->put) {
            size_t records = (c->have - at) / RECORD;
            if (records > c->left) records = c->left;
            if (records) {
                if (append(c->put, c->in + at, records * RECORD)) c->stored += (uint32_t)records;
                at += records * RECORD;
                c->left -= (uint32_t)records;
            }
            if (c->left) break;
            c->put = NULL;
            answer(c, c->stored);
            continue;
        }
        if (c->have - at < REQUEST) break;
        const uint8_t *request = c->in + at;
        uint32_t word[3], type;
        memcpy(&type, request, 4);
        memcpy(word, request + 44, 12);
        struct series *series = series_of((const char *)request + 4);
        at += REQUEST;
        if (type == 2 && word[0] == 1) {
            answer(c, append(series, request + 48, RECORD) ? 1 : UINT32_MAX);
        } else if (type == 2) {
            c->put = series;
            c->left = word[0];
            c->stored = 0;
        } else if (type == 1) {
            uint64_t low = bound(series, word[1]), high = bound(series, (uint64_t)word[2] + 1);
            if (high < low) high = low;
            answer(c, (uint32_t)(high - low));
            if (high == low) continue;
            c->get = series->file;
            c->offset = (off_t)(HEADER + low * RECORD);
            c->to_send = (high - low) * RECORD;
        } else {
            return -1;
        }
    }
    return (ssize_t)at;
}

static int watch(struct connection *c, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (events == c->events) return 0;
    int how = c->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    c->events = events;
    return epoll_ctl(queue, how, c->socket, &event);
}

/* Answers whether the connection goes on. */
static int serve(struct connection *c) {
    for (;;) {
        int is_out = flush(c);
        if (is_out < 0) return 0;
        if (!is_out) return watch(c, EPOLLOUT) == 0;
        ssize_t taken = take(c);
        if (taken < 0) return 0;
        c->have -= (size_t)taken;
        if (taken && c->have) memmove(c->in, c->in + taken, c->have);
        if (c->waiting || c->get >= 0) continue;
        if (c->events == EPOLLOUT && watch(c, EPOLLIN) != 0) return 0;
        ssize_t n = recv(c->socket, c->in + c->have, STEP - c->have, 0);
        if (n == 0) return 0;
        if (n < 0) return errno == EAGAIN && watch(c, EPOLLIN) == 0;
        int is_full = c->have + (size_t)n == STEP;
        c->have += (size_t)n;
        if (is_full) continue;
        /* A short read has emptied the socket: what is here is answered, then epoll tells of more. */
        do {
            taken = take(c);
            if (taken < 0) return 0;
            c->have -= (size_t)taken;
            if (taken && c->have) memmove(c->in, c->in + taken, c->have);
            is_out = flush(c);
            if (is_out < 0) return 0;
            if (!is_out) return watch(c, EPOLLOUT) == 0;
        } while (taken);
        return 1;
    }
}

static void welcome(int listener) {
    int one = 1, socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct connection *c = calloc(1, sizeof *c);
    if (!c || !(c->in = malloc(STEP)) || !(c->out = malloc(2 * STEP))) fail("malloc");
    c->socket = socket;
    c->get = -1;
    if (watch(c, EPOLLIN) != 0) fail("epoll_ctl");
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: timestore-server DIRECTORY [header] [sendfile]\n");
        return 2;
    }
    directory = argv[1];
    for (int i = 2; i < argc; i++) {
        has_header |= strcmp(argv[i], "header") == 0;
        uses_sendfile |= strcmp(argv[i], "sendfile") == 0;
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    table = calloc(table_size, sizeof *table);
    queue = epoll_create1(EPOLL_CLOEXEC);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (!table || queue < 0 || listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 512) != 0
        || getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        fail("listen");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[64];
    if (epoll_ctl(queue, EPOLL_CTL_ADD, listener, &event) != 0) fail("epoll_ctl");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(queue, events, 64, -1);
        for (int i = 0; i < count; i++) {
            struct connection *c = events[i].data.ptr;
            if (!c) {
                welcome(listener);
            } else if (!serve(c)) {
                close(c->socket);
                free(c->in);
                free(c->out);
                free(c);
            }
        }
    }
}
