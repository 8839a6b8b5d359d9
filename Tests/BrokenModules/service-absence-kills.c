/* MH-C269: Does not ask whether the host has a service. */
#include "broken.h"

BROKEN_NOTE("service-absence-kills");

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    const mh_log_service *log = BROKEN_SERVICE(mh_log_service, MH_LOG_SERVICE);
    log->write(host->self, MH_LOG_INFO, mh_cstr("hello"), NULL);
    (void)ctx;
    (void)err;
    return MH_OK;
}

BROKEN_MODULE("service-absence-kills", .init = start)
