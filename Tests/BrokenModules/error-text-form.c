/* MH-C252: Its error text ends with a newline. */
#include "broken.h"

BROKEN_NOTE("error-text-form");

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    const mh_log_service *log = BROKEN_SERVICE(mh_log_service, MH_LOG_SERVICE);
    (void)ctx;
    return log ? MH_OK : mh_fail(err, MH_E_ABI, "the host has no mh.log/1\n");
}

BROKEN_MODULE("error-text-form", .init = start)
