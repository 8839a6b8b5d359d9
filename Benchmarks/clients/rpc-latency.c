/* A management request (core.echo in JSON-RPC) until its answer is whole, alike for this host and Kamailio's jsonrpcs.
 * `rpc-latency fifo REQUEST_FIFO REPLY_DIRECTORY COUNT`: the client reads its reply FIFO before it asks;
 * `rpc-latency late-fifo …`: it opens the reply FIFO after it has asked, as `cat` in a shell script does;
 * `rpc-latency datagram SOCKET FOLDER COUNT`: UNIX datagrams, with the client's own socket in FOLDER.
 * Prints p50, p99 and the worst in microseconds. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define NAME "rpc-latency-reply"

static _Noreturn void give_up(const char *what) {
    fprintf(stderr, "rpc-latency: %s\n", what);
    exit(1);
}

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static struct sockaddr_un address_of(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) give_up("the socket's path is too long");
    strcpy(address.sun_path, path);
    return address;
}

/* Reads until the writer has closed the FIFO. */
static void read_reply(int fd) {
    char buffer[4096];
    size_t got = 0;
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, 10000) <= 0) give_up("no answer within 10 s");
        ssize_t n = read(fd, buffer, sizeof buffer);
        if (n > 0) got += (size_t)n;
        if (n == 0 && got > 0) return;
    }
}

int main(int argc, char **argv) {
    static char text[512], path[512], buffer[65536];
    if (argc != 5) give_up("usage: rpc-latency fifo|late-fifo|datagram PLACE DIRECTORY COUNT");
    int is_datagram = strcmp(argv[1], "datagram") == 0, is_late = strcmp(argv[1], "late-fifo") == 0, count = atoi(argv[4]);
    if (count < 1) give_up("COUNT starts at 1");
    int size = snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"method\":\"core.echo\",\"params\":[\"x\"],%s\"id\":1}\n",
                        is_datagram ? "" : "\"reply_name\":\"" NAME "\",");
    snprintf(path, sizeof path, "%s/" NAME, argv[3]);
    unlink(path);
    alarm(90); /* whoever never answers a blocking open ends this program */
    int in = -1, out = -1;
    if (is_datagram) {
        struct sockaddr_un own = address_of(path), server = address_of(argv[2]);
        in = out = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (bind(in, (struct sockaddr *)&own, sizeof own) < 0 || chmod(path, 0666) < 0) give_up(strerror(errno));
        if (connect(out, (struct sockaddr *)&server, sizeof server) < 0) give_up(strerror(errno));
    } else {
        if (mkfifo(path, 0600) != 0 || chmod(path, 0666) < 0) give_up(strerror(errno));
        if (!is_late) in = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        out = open(argv[2], O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (out < 0 || (in < 0 && !is_late)) give_up(strerror(errno));
    }
    double *times = calloc((size_t)count, sizeof *times);
    int warm_up = count < 100 ? count / 10 : 100;
    for (int i = -warm_up; i < count; i++) {
        double start = now_us();
        if (write(out, text, (size_t)size) != size) give_up(strerror(errno));
        if (is_datagram) {
            struct pollfd wait = {.fd = in, .events = POLLIN};
            if (poll(&wait, 1, 10000) <= 0 || read(in, buffer, sizeof buffer) <= 0) give_up("no answer within 10 s");
        } else {
            if (is_late && (in = open(path, O_RDONLY | O_CLOEXEC)) < 0) give_up(strerror(errno));
            read_reply(in);
            if (is_late) close(in);
        }
        if (i >= 0) times[i] = now_us() - start;
    }
    unlink(path);
    qsort(times, (size_t)count, sizeof *times, by_value);
    printf("%.1f %.1f %.1f\n", times[count / 2], times[count * 99 / 100], times[count - 1]);
    return 0;
}
