/* Keys and values over a UNIX socket, many requests in flight: one client for Redis and memcached, so that only the servers
 * differ. `keyvalue redis|memcached SOCKET fill|expiring|get|set|incr COUNT KEYS DEPTH [TIME]` prints wall nanoseconds an
 * operation. `fill` makes keys of 15 bytes with a value of 8; `expiring` keys of 16 with a value of 32, which expire
 * at the unix TIME. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MOST_DEPTH 1000

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static _Noreturn void give_up(const char *what) {
    fprintf(stderr, "keyvalue: %s\n", what);
    exit(1);
}

static uint64_t next_random(uint64_t *state) {
    uint64_t x = *state;
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    return *state = x;
}

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) give_up("the socket's path is too long");
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = 20};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) give_up(strerror(errno));
    return fd;
}

enum operation { FILL, EXPIRING, GET, SET, INCR };
static const char *const names[] = {"fill", "expiring", "get", "set", "incr"};

static char *put_request(char *out, int is_redis, enum operation operation, uint64_t number, const char *until) {
    static const char wide[] = "0123456789abcdef0123456789ABCDEF";
    unsigned long long n = number;
    char key[32], value[40];
    int key_size = sprintf(key, operation == EXPIRING ? "%016llu" : "user:%010llu", n);
    int value_size = operation == EXPIRING ? sprintf(value, "%s", wide) : sprintf(value, "%llu", 10000000 + n % 80000000);
    switch (operation) {
    case GET:
        return out + (is_redis ? sprintf(out, "*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n", key_size, key) : sprintf(out, "get %s\r\n", key));
    case INCR:
        return out + (is_redis ? sprintf(out, "*2\r\n$4\r\nINCR\r\n$%d\r\n%s\r\n", key_size, key)
                               : sprintf(out, "incr %s 1\r\n", key));
    case EXPIRING:
        if (is_redis) {
            return out + sprintf(out, "*5\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n$4\r\nEXAT\r\n$%zu\r\n%s\r\n", key_size, key,
                                 value_size, value, strlen(until), until);
        }
        return out + sprintf(out, "set %s 0 %s %d\r\n%s\r\n", key, until, value_size, value);
    default:
        return out + (is_redis ? sprintf(out, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", key_size, key, value_size, value)
                               : sprintf(out, "set %s 0 0 %d\r\n%s\r\n", key, value_size, value));
    }
}

/* Complete lines at the head of the text; every one of them must be what a good answer consists of. */
static size_t count_lines(const char *text, size_t size, size_t *used) {
    static const char *const bad[] = {"-", "$-1", "ERROR", "CLIENT_ERROR", "SERVER_ERROR", "NOT_FOUND", "NOT_STORED"};
    size_t lines = 0;
    const char *end;
    for (*used = 0; (end = memchr(text + *used, '\n', size - *used)); lines++) {
        const char *line = text + *used;
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
            if (strncmp(line, bad[i], strlen(bad[i])) == 0) {
                fprintf(stderr, "keyvalue: expected a good answer, found \"%.*s\"\n", (int)(end - line - 1), line);
                exit(1);
            }
        }
        *used = (size_t)(end + 1 - text);
    }
    return lines;
}

int main(int argc, char **argv) {
    if (argc < 7) give_up("usage: keyvalue redis|memcached SOCKET fill|expiring|get|set|incr COUNT KEYS DEPTH [TIME]");
    int is_redis = strcmp(argv[1], "redis") == 0;
    const char *until = argc > 7 ? argv[7] : "0";
    enum operation operation = FILL;
    while (strcmp(argv[3], names[operation])) {
        if (operation++ == INCR) give_up("the operation is fill, expiring, get, set or incr");
    }
    if (strlen(until) > 12) give_up("TIME has at most 12 digits");
    uint64_t count = strtoull(argv[4], NULL, 10), keys = strtoull(argv[5], NULL, 10), depth = strtoull(argv[6], NULL, 10);
    if (!count || !keys || !depth || depth > MOST_DEPTH) give_up("counts start at 1, DEPTH ends at 1000");
    size_t lines_each = operation == GET ? (is_redis ? 2 : 3) : 1;
    int fd = connect_to(argv[2]);
    static char request[MOST_DEPTH * 128], reply[MOST_DEPTH * 128];
    uint64_t seed = 88172645463325252u ^ (uint64_t)getpid() << 20;
    int64_t start = now_ns();
    for (uint64_t done = 0; done < count;) {
        uint64_t together = count - done < depth ? count - done : depth;
        char *out = request;
        for (uint64_t i = 0; i < together; i++) {
            uint64_t number = operation <= EXPIRING ? (done + i) % keys : next_random(&seed) % keys;
            out = put_request(out, is_redis, operation, number, until);
        }
        for (char *from = request; from < out;) {
            ssize_t n = write(fd, from, (size_t)(out - from));
            if (n <= 0) give_up("the server takes no more");
            from += n;
        }
        size_t held = 0, used;
        for (uint64_t missing = together * lines_each; missing > 0;) {
            ssize_t n = read(fd, reply + held, sizeof reply - 1 - held);
            if (n <= 0) give_up("no answer within 20 s, or a get that found nothing");
            held += (size_t)n;
            reply[held] = 0;
            missing -= count_lines(reply, held, &used);
            memmove(reply, reply + used, held -= used);
        }
        done += together;
    }
    printf("%.1f\n", (double)(now_ns() - start) / (double)count);
    return 0;
}
