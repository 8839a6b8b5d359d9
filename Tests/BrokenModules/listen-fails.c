/* MH-R123: Listens on a socket in a folder that does not exist. */
#include "broken.h"

BROKEN_NOTE("listen-fails");

static int32_t refuse(void *ctx, mh_stream *stream, const mh_peer *peer, const mh_stream_handler **handler,
                      void **stream_ctx) {
    (void)ctx;
    (void)stream;
    (void)peer;
    (void)handler;
    (void)stream_ctx;
    return MH_E_DENIED;
}

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    const mh_net_service *net =
        (const mh_net_service *)host->query(host->self, mh_cstr(MH_NET_SERVICE), sizeof(mh_net_service));
    mh_listen_options options = {
        .struct_size = sizeof(options), .url = MH_STR("unix:/nonexistent/broken.sock"), .accept = refuse};
    (void)ctx;
    if (!net) return mh_fail(err, MH_E_ABI, "the host has no mh.net/1");
    return net->listen(host->self, &options, 0, err);
}

BROKEN_MODULE("listen-fails", .init = start)
