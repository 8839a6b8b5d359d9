/* The limit above every answer over TCP: one process sends BYTES from memory in steps of STEP over the loopback, another reads them.
 * `stream [BYTES] [STEP]` (8,000,000,000 and 262,144 unless said) prints one line of JSON: bytes, wall clock and the CPU of each side. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static double clock_ns(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv) {
    unsigned long long total = argc > 1 ? strtoull(argv[1], NULL, 10) : 8000000000ull, done = 0;
    size_t step = argc > 2 ? strtoul(argv[2], NULL, 10) : 262144;
    char *buffer = calloc(1, step ? step : 1);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (!step || !buffer || listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 1) != 0
        || getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        fail("listen");
    int report[2];
    if (pipe(report) != 0) fail("pipe");
    pid_t sender = fork();
    if (sender < 0) fail("fork");
    if (sender == 0) {
        int out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (out < 0 || connect(out, (struct sockaddr *)&address, length) != 0) fail("connect");
        while (done < total) {
            ssize_t n = send(out, buffer, total - done < step ? (size_t)(total - done) : step, MSG_NOSIGNAL);
            if (n < 0 && errno != EINTR) fail("send");
            if (n > 0) done += (unsigned long long)n;
        }
        double spent = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        if (write(report[1], &spent, sizeof spent) != sizeof spent) _exit(1);
        _exit(0);
    }
    int in = accept(listener, NULL, NULL), status = 0;
    if (in < 0) fail("accept");
    double from = clock_ns(CLOCK_MONOTONIC), own = clock_ns(CLOCK_PROCESS_CPUTIME_ID), sent = 0;
    while (done < total) {
        ssize_t n = recv(in, buffer, step, 0);
        if (n == 0) break;
        if (n < 0 && errno != EINTR) fail("recv");
        if (n > 0) done += (unsigned long long)n;
    }
    double wall = clock_ns(CLOCK_MONOTONIC) - from;
    own = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - own;
    if (done != total || read(report[0], &sent, sizeof sent) != sizeof sent || waitpid(sender, &status, 0) != sender || status != 0) {
        fprintf(stderr, "stream: %llu bytes came, expected %llu\n", done, total);
        return 1;
    }
    printf("{\"bytes\":%llu,\"wall_ns\":%.0f,\"sender_cpu_ns\":%.0f,\"receiver_cpu_ns\":%.0f}\n", total, wall, sent, own);
    return 0;
}
