/* MH-C266: Its thread logs on and on. */
#define _GNU_SOURCE
#include "broken.h"

#include <pthread.h>
#include <unistd.h>

BROKEN_NOTE("call-after-stop");

static const mh_log_service *log_service;
static mh_self *self;

static void *chatter(void *argument) {
    for (;;) {
        log_service->write(self, MH_LOG_INFO, mh_cstr("still here"), NULL);
        usleep(1000);
    }
    return argument;
}

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    pthread_t thread;
    (void)ctx;
    log_service = BROKEN_SERVICE(mh_log_service, MH_LOG_SERVICE);
    self = host->self;
    if (!log_service) return mh_fail(err, MH_E_ABI, "the host has no mh.log/1");
    if (pthread_create(&thread, NULL, chatter, NULL) != 0) return mh_fail(err, MH_E_NO_MEMORY, "no thread can be made");
    return MH_OK;
}

BROKEN_MODULE("call-after-stop", .init = start)
