/* epoll for watches: one shot each, so that a busy worker is not flooded; armed again it is level-triggered. */
#define _GNU_SOURCE
#include "chost.h"

#include <errno.h>
#include <sys/epoll.h>

static struct epoll_event event_for(uint32_t events, uint64_t id) {
    struct epoll_event event = {.events = EPOLLONESHOT, .data.u64 = id};
    if (events & MH_WATCH_READ) event.events |= EPOLLIN | EPOLLRDHUP;
    if (events & MH_WATCH_WRITE) event.events |= EPOLLOUT;
    return event;
}

int32_t chost_poller_open(void) {
    int descriptor = epoll_create1(EPOLL_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int32_t chost_poller_add(int32_t poller, int32_t descriptor, uint32_t events, uint64_t id) {
    struct epoll_event event = event_for(events, id);
    return epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : errno;
}

int32_t chost_poller_arm(int32_t poller, int32_t descriptor, uint32_t events, uint64_t id) {
    struct epoll_event event = event_for(events, id);
    return epoll_ctl(poller, EPOLL_CTL_MOD, descriptor, &event) == 0 ? 0 : errno;
}

void chost_poller_remove(int32_t poller, int32_t descriptor) {
    struct epoll_event event = {0};
    epoll_ctl(poller, EPOLL_CTL_DEL, descriptor, &event);
}

int32_t chost_poller_wait(int32_t poller, chost_ready *ready, int32_t count) {
    struct epoll_event events[64];
    int got;
    do {
        got = epoll_wait(poller, events, count < 64 ? count : 64, -1);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return -errno;
    for (int i = 0; i < got; i++) {
        ready[i].id = events[i].data.u64;
        ready[i].events = 0;
        if (events[i].events & (EPOLLIN | EPOLLRDHUP)) ready[i].events |= MH_WATCH_READ;
        if (events[i].events & EPOLLOUT) ready[i].events |= MH_WATCH_WRITE;
        /* A hang-up is readable too: the module learns of it by reading. */
        if (events[i].events & (EPOLLERR | EPOLLHUP)) ready[i].events |= MH_WATCH_ERROR | MH_WATCH_READ;
    }
    return got;
}
