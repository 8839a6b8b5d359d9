/* MH-C223: Its entry function starts a thread. */
#define _GNU_SOURCE
#include "broken.h"

#include <pthread.h>
#include <unistd.h>

BROKEN_NOTE("entry-threads");

BROKEN_DESCRIPTOR("entry-threads", .ctx = 0)

static void *sleeper(void *argument) {
    for (;;) pause();
    return argument;
}

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    (void)err;
    pthread_t thread;
    (void)offer;
    if (pthread_create(&thread, NULL, sleeper, NULL) != 0) return MH_E_NO_MEMORY;
    *module = &descriptor;
    return MH_OK;
}
