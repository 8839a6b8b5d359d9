/* MH-C273: Its init changes the working directory. */
#define _GNU_SOURCE
#include "broken.h"

#include <unistd.h>

BROKEN_NOTE("init-changes-directory");

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    (void)ctx;
    (void)err;
    (void)host;
    if (chdir("/") != 0) return MH_E_IO;
    return MH_OK;
}

BROKEN_MODULE("init-changes-directory", .init = start)
