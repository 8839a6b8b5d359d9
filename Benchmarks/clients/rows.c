/* Accounting rows of 12 columns and about 150 bytes, as lines over TCP: one sender for acc and rsyslog. `rows PORT COUNT` sends
 * them to the loopback, half-closes, waits until the other side closes, and prints wall nanoseconds a row, the bytes
 * sent, then the answer, if any. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void give_up(const char *what) {
    fprintf(stderr, "rows: %s\n", what);
    exit(1);
}

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv) {
    static char buffer[64 * 1024], answer[4096];
    if (argc != 3) give_up("usage: rows PORT COUNT");
    uint64_t count = strtoull(argv[2], NULL, 10);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    place.sin_port = htons((uint16_t)atoi(argv[1]));
    struct timeval limit = {.tv_sec = 30};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&place, sizeof place) < 0) give_up(strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    double start = now_ns();
    size_t size = 0;
    uint64_t total = 0;
    for (uint64_t i = 0; i < count; i++) {
        unsigned long long n = i;
        size += (size_t)sprintf(buffer + size,
                                "INVITE|8f3b2c6e1d|as5d8f7a9c|%016llx-%08llx@192.0.2.17|200|OK|%llu|sip:alice@example.com|"
                                "sip:bob@example.net|192.0.2.17|%llu|softphone/4.2\n",
                                n * 2654435761u, n, 1795227895 + n, n);
        if (size + 512 < sizeof buffer && i + 1 < count) continue;
        for (size_t sent = 0; sent < size;) {
            ssize_t written = send(fd, buffer + sent, size - sent, MSG_NOSIGNAL);
            if (written <= 0) give_up("the server takes no more");
            sent += (size_t)written;
        }
        total += size, size = 0;
    }
    shutdown(fd, SHUT_WR);
    size_t got = 0;
    for (ssize_t n; (n = read(fd, answer + got, sizeof answer - 1 - got)) != 0; got += (size_t)n) {
        if (n < 0 || got == sizeof answer - 1) give_up("the server does not close the connection within 30 s");
    }
    printf("%.1f %llu %s\n", (now_ns() - start) / (double)count, (unsigned long long)total, answer);
    return 0;
}
