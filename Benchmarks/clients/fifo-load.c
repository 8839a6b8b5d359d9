/* Requests over a FIFO, closed loop: `fifo-load REQUEST_FIFO CLIENTS COUNT kept|fresh [METHOD]`. Each client is a thread with a reply
 * FIFO of its own beside the request FIFO: it opens it for reading, writes a request, sleeps until the reply is there and closed,
 * and begins again, COUNT times. `fresh`: it makes the reply FIFO anew for each request and removes it, as kamctl, kamcli and modctl
 * do. Prints requests, seconds in all, and p50, p99, p99.9 and the longest, in microseconds. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WARM_UP = 100, PATIENCE_MS = 10000 };

static const char *request_fifo, *method;
static char directory[400];
static int count, is_fresh;
static double *times;
static pthread_barrier_t start_line;

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* One request; returns when its reply has been closed. */
static void ask(int out, const char *reply, const char *text, size_t size) {
    char buffer[4096];
    if (is_fresh && mkfifo(reply, 0600) != 0) fail("fifo-load: mkfifo");
    int in = open(reply, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (in < 0) fail("fifo-load: the reply FIFO");
    if (write(out, text, size) != (ssize_t)size) fail("fifo-load: the request FIFO");
    for (size_t got = 0;;) {
        struct pollfd wait = {.fd = in, .events = POLLIN};
        if (poll(&wait, 1, PATIENCE_MS) <= 0) {
            fprintf(stderr, "fifo-load: no answer within %d ms\n", PATIENCE_MS);
            exit(1);
        }
        ssize_t n = read(in, buffer, sizeof buffer);
        if (n > 0) got += (size_t)n;
        if (n == 0 && got > 0) break;
    }
    close(in);
    if (is_fresh) unlink(reply);
}

static void *client(void *context) {
    long number = (long)context;
    char reply[512], name[64], text[512];
    snprintf(name, sizeof name, "load-%d-%ld", (int)getpid(), number);
    snprintf(reply, sizeof reply, "%s/%s", directory, name);
    int size = snprintf(text, sizeof text,
                        "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":[\"x\"],\"reply_name\":\"%s\",\"id\":1}\n", method, name);
    if (!is_fresh && mkfifo(reply, 0600) != 0) fail("fifo-load: mkfifo");
    int out = open(request_fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (out < 0) fail(request_fifo);
    for (int i = 0; i < WARM_UP; i++) ask(out, reply, text, (size_t)size);
    pthread_barrier_wait(&start_line);
    double *mine = times + number * count;
    for (int i = 0; i < count; i++) {
        double start = now_us();
        ask(out, reply, text, (size_t)size);
        mine[i] = now_us() - start;
    }
    close(out);
    if (!is_fresh) unlink(reply);
    return NULL;
}

int main(int argc, char **argv) {
    int clients = argc > 4 ? atoi(argv[2]) : 0;
    count = argc > 4 ? atoi(argv[3]) : 0;
    if (clients < 1 || count < 1 || (strcmp(argv[4], "kept") != 0 && strcmp(argv[4], "fresh") != 0)) {
        fprintf(stderr, "usage: fifo-load REQUEST_FIFO CLIENTS COUNT kept|fresh [METHOD]\n");
        return 2;
    }
    request_fifo = argv[1];
    is_fresh = strcmp(argv[4], "fresh") == 0;
    method = argc > 5 ? argv[5] : "core.echo";
    const char *slash = strrchr(request_fifo, '/');
    if (!slash || (size_t)(slash - request_fifo) >= sizeof directory) {
        fprintf(stderr, "fifo-load: found %s, expected a path with a directory\n", request_fifo);
        return 2;
    }
    snprintf(directory, sizeof directory, "%.*s", (int)(slash - request_fifo), request_fifo);
    size_t all = (size_t)clients * (size_t)count;
    times = calloc(all, sizeof *times);
    pthread_t threads[clients];
    if (!times || pthread_barrier_init(&start_line, NULL, (unsigned)clients + 1) != 0) return 1;
    for (long i = 0; i < clients; i++)
        if (pthread_create(&threads[i], NULL, client, (void *)i) != 0) fail("fifo-load: thread");
    pthread_barrier_wait(&start_line);
    double start = now_us();
    for (int i = 0; i < clients; i++) pthread_join(threads[i], NULL);
    double seconds = (now_us() - start) / 1e6;
    qsort(times, all, sizeof *times, by_value);
    printf("%zu %.6f %.2f %.2f %.2f %.2f\n", all, seconds, times[all / 2], times[all * 99 / 100], times[all * 999 / 1000],
           times[all - 1]);
    return 0;
}
