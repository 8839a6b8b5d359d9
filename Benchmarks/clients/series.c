/* Time series over the wire: one client for timestore and for what a user would pick instead, so that only the servers differ.
 * `series KIND ADDRESS put RECORDS BATCH FIRST_TIME` sends records a second apart and prints wall nanoseconds a record and the
 * median microseconds from a request to its answer; making the text of a request is not counted.
 * `series KIND ADDRESS get RECORDS 0 FIRST_TIME` reads so many back, and prints wall nanoseconds a record and bytes a record.
 * KIND is timestore, influx (lines over HTTP, database `bench`), victoria (the same lines), victoria-json or rrdcached;
 * ADDRESS is HOST:PORT or the path of a UNIX socket. rrdcached writes to bench.rrd in its folder. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SERIES "12345678-9abc-def0-1234-56789abcdef0"
#define RRD_LINE 150 /* records in one UPDATE: rrdcached takes lines of 4096 bytes */

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static _Noreturn void give_up(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("series: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

/* ---- the connection, with what has been read of it and not used yet ---- */

static int server;
static char held[1 << 20];
static size_t held_size;
static uint64_t bytes_read;

static void connect_to(const char *address) {
    struct timeval limit = {.tv_sec = 30};
    int no_delay = 1, result;
    const char *colon = strrchr(address, ':');
    if (address[0] == '/') {
        struct sockaddr_un path = {.sun_family = AF_UNIX};
        if (strlen(address) >= sizeof path.sun_path) give_up("the socket's path is too long");
        strcpy(path.sun_path, address);
        server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        result = connect(server, (struct sockaddr *)&path, sizeof path);
    } else {
        struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        if (!colon) give_up("expected HOST:PORT or a path, found \"%s\"", address);
        place.sin_port = htons((uint16_t)atoi(colon + 1));
        server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        result = connect(server, (struct sockaddr *)&place, sizeof place);
        setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
    }
    if (result < 0) give_up("%s: %s", address, strerror(errno));
    setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

static void send_all(const char *from, size_t size) {
    while (size > 0) {
        ssize_t n = send(server, from, size, MSG_NOSIGNAL);
        if (n <= 0) give_up("the server takes no more: %s", strerror(errno));
        from += n, size -= (size_t)n;
    }
}

static void receive(void) {
    if (held_size == sizeof held - 1) give_up("an answer's line is too long");
    ssize_t n = read(server, held + held_size, sizeof held - 1 - held_size);
    if (n <= 0) give_up("no answer within 30 s, or the server closed the connection");
    held_size += (size_t)n, bytes_read += (size_t)n;
    held[held_size] = 0;
}

static void use(size_t size) { memmove(held, held + size, held_size -= size); }

/* The next line, without its end; valid until the next call. */
static const char *read_line(void) {
    static char line[4096];
    char *end;
    while (!(end = memchr(held, '\n', held_size))) receive();
    size_t size = (size_t)(end - held);
    if (size >= sizeof line) give_up("an answer's line has %zu bytes", size);
    memcpy(line, held, size);
    line[size && line[size - 1] == '\r' ? size - 1 : size] = 0;
    use(size + 1);
    return line;
}

/* Counts what tells how many records are in a piece of an answer; any number of calls may see one answer. */
typedef struct {
    uint64_t newlines, commas;
} tally;

static void count(tally *t, const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) t->newlines += text[i] == '\n', t->commas += text[i] == ',';
}

/* Reads an HTTP answer with a body of known length, in chunks, or none. */
static void read_http(tally *t) {
    const char *line = read_line();
    int status = 0, chunked = 0;
    uint64_t length = 0;
    sscanf(line, "HTTP/%*s %d", &status);
    if (status < 200 || status > 299) give_up("expected a good answer, found \"%s\"", line);
    while (*(line = read_line())) {
        if (!strncasecmp(line, "content-length:", 15)) length = strtoull(line + 15, NULL, 10);
        if (!strncasecmp(line, "transfer-encoding: chunked", 26)) chunked = 1;
    }
    do {
        if (chunked) length = strtoull(read_line(), NULL, 16);
        for (uint64_t missing = length; missing > 0;) {
            if (!held_size) receive();
            size_t piece = held_size < missing ? held_size : missing;
            if (t) count(t, held, piece);
            use(piece);
            missing -= piece;
        }
        if (chunked) read_line();
    } while (chunked && length > 0);
}

/* ---- requests ---- */

enum kind { TIMESTORE, INFLUX, VICTORIA, VICTORIA_JSON, RRDCACHED };
static const char *const kinds[] = {"timestore", "influx", "victoria", "victoria-json", "rrdcached"};

/* A sensor that moves in steps of a tenth. */
static double value_at(uint64_t number) { return 20.0 + (double)((number * 7) % 101) / 10; }

static size_t put_batch(enum kind kind, char *out, uint64_t batch, uint64_t first, uint32_t time) {
    static char *body;
    char *start = out, *at;
    if (!body && !(body = malloc(batch * 96 + 4096))) give_up("no memory");
    at = body;
    switch (kind) {
    case TIMESTORE: {
        uint32_t head[14] = {2}, amount = (uint32_t)batch;
        memcpy(head + 1, SERIES, 36);
        head[11] = amount;
        for (uint64_t i = 0; i < batch; i++) {
            uint32_t stamp = time + (uint32_t)i;
            float value = (float)value_at(first + i);
            char *to = batch == 1 ? (char *)(head + 12) : at;
            memcpy(to, &stamp, 4), memcpy(to + 4, &value, 4);
            at += batch == 1 ? 0 : 8;
        }
        memcpy(out, head, sizeof head);
        out += sizeof head;
        break;
    }
    case INFLUX:
    case VICTORIA:
        for (uint64_t i = 0; i < batch; i++) {
            at += sprintf(at, "t,id=" SERIES " v=%.1f %u\n", value_at(first + i), time + (uint32_t)i);
        }
        out += sprintf(out, "POST /write?db=bench&precision=s HTTP/1.1\r\nHost: bench\r\nContent-Length: %zu\r\n\r\n", (size_t)(at - body));
        break;
    case VICTORIA_JSON:
        at += sprintf(at, "{\"metric\":{\"__name__\":\"t_v\",\"id\":\"" SERIES "\"},\"values\":[");
        for (uint64_t i = 0; i < batch; i++) at += sprintf(at, "%s%.1f", i ? "," : "", value_at(first + i));
        at += sprintf(at, "],\"timestamps\":[");
        for (uint64_t i = 0; i < batch; i++) at += sprintf(at, "%s%u000", i ? "," : "", time + (uint32_t)i);
        at += sprintf(at, "]}\n");
        out += sprintf(out, "POST /api/v1/import HTTP/1.1\r\nHost: bench\r\nContent-Length: %zu\r\n\r\n", (size_t)(at - body));
        break;
    case RRDCACHED:
        if (batch > 1) at += sprintf(at, "BATCH\n");
        for (uint64_t i = 0; i < batch; i++) {
            if (i % RRD_LINE == 0) at += sprintf(at, "%sUPDATE bench.rrd", i ? "\n" : "");
            at += sprintf(at, " %u:%.1f", time + (uint32_t)i, value_at(first + i));
        }
        at += sprintf(at, batch > 1 ? "\n.\n" : "\n");
        break;
    }
    memcpy(out, body, (size_t)(at - body));
    return (size_t)(out - start) + (size_t)(at - body);
}

static void read_put_answer(enum kind kind, uint64_t batch) {
    if (kind == TIMESTORE) {
        uint32_t stored;
        while (held_size < 4) receive();
        memcpy(&stored, held, 4);
        use(4);
        if (stored != batch) give_up("expected %llu records stored, found %u", (unsigned long long)batch, stored);
    } else if (kind == RRDCACHED) {
        for (int lines = batch > 1 ? 2 : 1; lines > 0; lines--) {
            const char *line = read_line();
            if (line[0] != '0') give_up("expected \"0 …\", found \"%s\"", line);
        }
    } else {
        read_http(NULL);
    }
}

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void put(enum kind kind, uint64_t records, uint64_t batch, uint32_t time) {
    uint64_t requests = (records + batch - 1) / batch;
    char *request = malloc(batch * 96 + 8192);
    int64_t *took = calloc(requests, sizeof *took), sum = 0;
    if (!request || !took) give_up("no memory");
    for (uint64_t i = 0; i < requests; i++) {
        uint64_t first = i * batch, together = records - first < batch ? records - first : batch;
        size_t size = put_batch(kind, request, together, first, time + (uint32_t)first);
        int64_t start = now_ns();
        send_all(request, size);
        read_put_answer(kind, together);
        sum += took[i] = now_ns() - start;
    }
    qsort(took, requests, sizeof *took, by_value);
    printf("%.1f %.1f\n", (double)sum / (double)records, (double)took[requests / 2] / 1000);
}

/* ---- reading back ---- */

static void ask_http(const char *path, const char *header) {
    char text[1024];
    int size = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: bench\r\n%s\r\n", path, header);
    send_all(text, (size_t)size);
}

/* The number of records in the answer, as far as it tells. */
static uint64_t read_back(enum kind kind, uint64_t records, uint32_t time) {
    tally t = {0};
    char text[1024];
    uint32_t last = time + (uint32_t)records - 1;
    switch (kind) {
    case TIMESTORE: {
        uint32_t head[14] = {1}, found;
        memcpy(head + 1, SERIES, 36);
        head[12] = time, head[13] = last;
        send_all((const char *)head, sizeof head);
        while (held_size < 4) receive();
        memcpy(&found, held, 4);
        use(4);
        for (uint64_t missing = (uint64_t)found * 8; missing > 0; use(held_size)) {
            if (!held_size) receive();
            missing -= held_size < missing ? held_size : missing;
        }
        return found;
    }
    case INFLUX: /* a line of names, then a line a record: the shortest that it has */
        snprintf(text, sizeof text, "/query?db=bench&epoch=s&q=select+v+from+t+where+time>=%us+and+time<=%us", time, last);
        ask_http(text, "Accept: application/csv\r\n");
        read_http(&t);
        return t.newlines ? t.newlines - 1 : 0;
    case VICTORIA:
    case VICTORIA_JSON: /* a line a block: two labels, then two lists of the block's records */
        snprintf(text, sizeof text, "/api/v1/export?match[]=t_v&start=%u&end=%u", time, last);
        ask_http(text, "");
        read_http(&t);
        return (t.commas - t.newlines) / 2;
    default: {
        int lines = 0;
        uint64_t values = 0;
        snprintf(text, sizeof text, "FETCHBIN bench.rrd LAST %u %u\n", time - 1, last - 1);
        send_all(text, strlen(text));
        const char *line = read_line();
        lines = atoi(line);
        if (lines < 1) give_up("expected lines of an answer, found \"%s\"", line);
        for (int i = 0; i < lines; i++) {
            const char *found = strstr(line = read_line(), "BinaryData ");
            if (!found) continue;
            unsigned long long amount = 0, width = 0;
            sscanf(found, "BinaryData %llu %llu", &amount, &width);
            values = amount;
            for (uint64_t missing = amount * width; missing > 0;) {
                if (!held_size) receive();
                size_t piece = held_size < missing ? held_size : missing;
                use(piece);
                missing -= piece;
            }
        }
        return values;
    }
    }
}

int main(int argc, char **argv) {
    enum kind kind = TIMESTORE;
    if (argc != 7) give_up("usage: series KIND ADDRESS put|get RECORDS BATCH FIRST_TIME");
    while (strcmp(argv[1], kinds[kind])) {
        if (kind++ == RRDCACHED) give_up("no kind \"%s\"", argv[1]);
    }
    uint64_t records = strtoull(argv[4], NULL, 10), batch = strtoull(argv[5], NULL, 10);
    uint32_t time = (uint32_t)strtoul(argv[6], NULL, 10);
    if (!records || records > 100000000 || batch > 1000000) give_up("RECORDS from 1 to 100,000,000, BATCH up to 1,000,000");
    connect_to(argv[2]);
    if (strcmp(argv[3], "put") == 0) {
        put(kind, records, batch ? batch : 1, time);
        return 0;
    }
    int64_t start = now_ns();
    uint64_t found = read_back(kind, records, time);
    int64_t took = now_ns() - start;
    if (found != records) give_up("expected %llu records, found %llu", (unsigned long long)records, (unsigned long long)found);
    printf("%.2f %.1f\n", (double)took / (double)records, (double)bytes_read / (double)records);
    return 0;
}
