/* Round trips over FIFOs: `fifo-latency echo N` against a bare echo of its own (the floor), `fifo-latency REQUEST_FIFO N` against
 * a host, with core.echo in JSON. A fresh reply FIFO's cost is not measured: both use one reply FIFO opened anew each time, as
 * clients do. Prints p50 and p99 in microseconds. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The floor: read a request line, open the reply FIFO, write a short answer, close. */
static void serve(const char *request, const char *reply) {
    char buffer[4096];
    int in = open(request, O_RDWR | O_CLOEXEC);
    if (in < 0) _exit(1);
    while (read(in, buffer, sizeof buffer) > 0) {
        int out = open(reply, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (out < 0) continue;
        if (write(out, "{\"jsonrpc\":\"2.0\",\"result\":[\"x\"],\"id\":1}", 39) < 0) _exit(1);
        close(out);
    }
    _exit(0);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: fifo-latency echo|REQUEST_FIFO COUNT\n");
        return 2;
    }
    int is_floor = strcmp(argv[1], "echo") == 0, count = atoi(argv[2]);
    char directory[] = "/tmp/fifo-latency.XXXXXX", request[256], reply[256], text[512], buffer[4096];
    const char *name = "bench-reply";
    pid_t server = 0;
    if (is_floor) {
        if (!mkdtemp(directory)) return 1;
        snprintf(request, sizeof request, "%s/request", directory);
        snprintf(reply, sizeof reply, "%s/%s", directory, name);
        if (mkfifo(request, 0600) != 0) return 1;
    } else {
        snprintf(request, sizeof request, "%s", argv[1]);
        snprintf(reply, sizeof reply, "%s", argv[1]);
        char *slash = strrchr(reply, '/');
        if (!slash) return 2;
        snprintf(slash + 1, sizeof reply - (size_t)(slash + 1 - reply), "%s", name);
    }
    unlink(reply);
    if (mkfifo(reply, 0622) != 0) return 1;
    if (is_floor && (server = fork()) == 0) serve(request, reply);
    int in = open(reply, O_RDONLY | O_NONBLOCK | O_CLOEXEC), out = -1;
    for (int tries = 0; out < 0 && tries < 1000; tries++) {
        out = open(request, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (out < 0) usleep(1000); /* the echo of the floor is still starting */
    }
    if (in < 0 || out < 0) return 1;
    int size = snprintf(text, sizeof text,
                        "{\"jsonrpc\":\"2.0\",\"method\":\"core.echo\",\"params\":[\"x\"],\"reply_name\":\"%s\",\"id\":1}\n", name);
    double *times = calloc((size_t)count, sizeof *times);
    for (int i = -100; i < count; i++) { /* the first hundred warm up */
        double start = now_us();
        if (write(out, text, (size_t)size) != size) return 1;
        size_t got = 0;
        for (;;) { /* until the writer has closed the reply FIFO */
            struct pollfd wait = {.fd = in, .events = POLLIN};
            if (poll(&wait, 1, 5000) <= 0) {
                fprintf(stderr, "fifo-latency: no answer within 5 s\n");
                return 1;
            }
            ssize_t n = read(in, buffer, sizeof buffer);
            if (n > 0) got += (size_t)n;
            if (n == 0 && got > 0) break;
        }
        if (i >= 0) times[i] = now_us() - start;
    }
    qsort(times, (size_t)count, sizeof *times, by_value);
    printf("%.1f %.1f\n", times[count / 2], times[count * 99 / 100]);
    if (server > 0) {
        kill(server, SIGTERM);
        waitpid(server, NULL, 0);
        unlink(request);
    }
    unlink(reply);
    if (is_floor) rmdir(directory);
    return 0;
}
