/* MH-C285: Passes a self of its own making. */
#include "broken.h"

BROKEN_NOTE("wrong-self");

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    const mh_thread_service *thread = BROKEN_SERVICE(mh_thread_service, MH_THREAD_SERVICE);
    (void)ctx;
    if (!thread) return mh_fail(err, MH_E_ABI, "the host has no mh.thread/1");
    (void)thread->workers((mh_self *)&thread);
    return MH_OK;
}

BROKEN_MODULE("wrong-self", .init = start)
