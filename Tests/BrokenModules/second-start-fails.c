/* MH-C267: Leaves a lock file behind and stumbles over it. */
#define _GNU_SOURCE
#include "broken.h"

#include <fcntl.h>
#include <unistd.h>

BROKEN_NOTE("second-start-fails");

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    int descriptor = open("broken.lock", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    (void)ctx;
    (void)host;
    if (descriptor < 0) return mh_fail(err, MH_E_EXISTS, "broken.lock is there already");
    close(descriptor);
    return MH_OK;
}

BROKEN_MODULE("second-start-fails", .init = start)
