/* MH-C264: Starts a thread that nobody ends. */
#define _GNU_SOURCE
#include "broken.h"

#include <pthread.h>
#include <unistd.h>

BROKEN_NOTE("thread-left");

static void *sleeper(void *argument) {
    for (;;) pause();
    return argument;
}

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    pthread_t thread;
    (void)ctx;
    (void)host;
    if (pthread_create(&thread, NULL, sleeper, NULL) != 0) return mh_fail(err, MH_E_NO_MEMORY, "no thread can be made");
    return MH_OK;
}

BROKEN_MODULE("thread-left", .init = start)
