/* MH-R108: Is linked to a library that build.sh makes and takes away again. */
#include "broken.h"

BROKEN_NOTE("missing-dependency");

extern int32_t broken_dependency(void);

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    (void)ctx;
    (void)host;
    (void)err;
    return broken_dependency();
}

BROKEN_MODULE("missing-dependency", .init = start)
