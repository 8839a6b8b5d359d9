/* MH-C271: Cannot reopen its files. */
#include "broken.h"

BROKEN_NOTE("reopen-fails");

static int32_t reopen(void *ctx, const mh_error *err) {
    (void)ctx;
    return mh_fail(err, MH_E_IO, "the files are stuck");
}

BROKEN_MODULE("reopen-fails", .reopen = reopen)
