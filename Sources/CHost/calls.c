/* Calls that Swift cannot make: variadic ones, and those behind _GNU_SOURCE. */
#define _GNU_SOURCE
#include "chost.h"

#include <errno.h>
#include <sys/uio.h>
#include <syslog.h>
#include <time.h>

void chost_syslog_open(const char *identity) { openlog(identity, LOG_PID | LOG_NDELAY, LOG_DAEMON); }

void chost_syslog(int32_t priority, const char *text) { syslog(priority, "%s", text); }

int64_t chost_read_cached(int32_t descriptor, void *bytes, size_t count, int64_t offset) {
    struct iovec vector = {.iov_base = bytes, .iov_len = count};
    ssize_t got;
    do {
        got = preadv2(descriptor, &vector, 1, offset, RWF_NOWAIT);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -(int64_t)errno : got;
}

static int64_t read_clock(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t chost_clock_coarse(void) { return read_clock(CLOCK_MONOTONIC_COARSE); }
int64_t chost_clock(void) { return read_clock(CLOCK_MONOTONIC); }
