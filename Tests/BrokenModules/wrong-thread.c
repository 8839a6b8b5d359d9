/* MH-C280: Opens a socket from a worker. */
#include "broken.h"

BROKEN_NOTE("wrong-thread");

static const mh_net_service *net;
static mh_self *self;

static void datagram(void *ctx, mh_socket *socket, mh_str peer, mh_str bytes) {
    (void)ctx;
    (void)socket;
    (void)peer;
    (void)bytes;
}

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    (void)ctx;
    net = BROKEN_SERVICE(mh_net_service, MH_NET_SERVICE);
    self = host->self;
    return net ? MH_OK : mh_fail(err, MH_E_ABI, "the host has no mh.net/1");
}

static int32_t worker_start(void *ctx, uint32_t worker, const mh_error *err) {
    mh_datagram_options options = {
        .struct_size = sizeof(options), .worker = worker, .url = MH_STR("udp://127.0.0.1:0"), .datagram = datagram};
    mh_socket *socket;
    (void)ctx;
    (void)net->datagrams(self, &options, &socket, err);
    return MH_OK;
}

BROKEN_MODULE("wrong-thread", .init = start, .worker_start = worker_start)
