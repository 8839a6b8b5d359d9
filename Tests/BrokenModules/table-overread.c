/* MH-C270: Takes a table of any size and calls its last function. */
#include "broken.h"

BROKEN_NOTE("table-overread");

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    const mh_thread_service *thread =
        (const mh_thread_service *)host->query(host->self, mh_cstr(MH_THREAD_SERVICE), 0);
    (void)ctx;
    if (!thread) return mh_fail(err, MH_E_ABI, "the host has no mh.thread/1");
    return thread->limit(host->self) > 0 ? MH_OK : mh_fail(err, MH_E_LIMIT, "the host has no threads");
}

BROKEN_MODULE("table-overread", .init = start)
