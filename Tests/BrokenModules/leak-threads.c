/* MH-C342: Its command starts a thread each time. */
#define _GNU_SOURCE
#include "broken.h"

#include <pthread.h>
#include <unistd.h>

BROKEN_NOTE("leak-threads");

static void *sleeper(void *argument) {
    for (;;) pause();
    return argument;
}

static int32_t handle(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    (void)ctx;
    pthread_t thread;
    (void)call;
    (void)reply;
    return pthread_create(&thread, NULL, sleeper, NULL) != 0 ? MH_E_NO_MEMORY : MH_OK;
}

static const mh_mi_command commands[] = {{
    .struct_size = sizeof(mh_mi_command),
    .flags = MH_MI_READ,
    .name = MH_STR("leak_threads.try"),
    .summary = MH_STR("Shows the fault."),
    .handler = handle,
}};

BROKEN_MODULE("leak-threads", .commands = MH_ARRAY(commands))
