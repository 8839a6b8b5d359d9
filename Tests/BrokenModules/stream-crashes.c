/* MH-C290: Trusts the first byte that a peer sends. */
#define _GNU_SOURCE
#include "broken.h"

#include <stdlib.h>

BROKEN_NOTE("stream-crashes");

static void data(void *ctx, mh_stream *stream, mh_str bytes) {
    (void)ctx;
    (void)stream;
    if (bytes.len > 0 && (unsigned char)bytes.ptr[0] >= 0x80) abort();
}

static const mh_stream_handler handler = {.struct_size = sizeof(handler), .data = data};

static int32_t welcome(void *ctx, mh_stream *stream, const mh_peer *peer, const mh_stream_handler **out, void **stream_ctx) {
    (void)ctx;
    (void)stream;
    (void)peer;
    *out = &handler;
    *stream_ctx = NULL;
    return MH_OK;
}

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    const mh_net_service *net = BROKEN_SERVICE(mh_net_service, MH_NET_SERVICE);
    mh_listen_options options = {
        .struct_size = sizeof(options), .url = MH_STR("tcp://127.0.0.1:0"), .accept = welcome};
    (void)ctx;
    if (!net) return mh_fail(err, MH_E_ABI, "the host has no mh.net/1");
    return net->listen(host->self, &options, NULL, err);
}

BROKEN_MODULE("stream-crashes", .init = start)
