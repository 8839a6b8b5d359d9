/* One request and its reply: received on the management thread, run by the host, sent by whichever thread completes it. */
#include "datagram.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUND 64 /* datagrams taken at a time, so that a flood does not keep commands waiting */

/* Made by receive; freed by `done`, or at once when the host takes no requests. */
typedef struct exchange {
    const receiver *from;
    struct sockaddr_storage peer;
    socklen_t peer_length;
    char *reply;
    size_t length, room, limit;
    int32_t is_too_long;
    char id[ID_ROOM];
} exchange;

static _Atomic int64_t waiting;

int64_t pending(void) { return atomic_load(&waiting); }

static void end(exchange *self) {
    free(self->reply);
    free(self);
    atomic_fetch_sub(&waiting, 1);
}

/* A socket may send from any thread. What the peer does not take at once is lost: it is a datagram. */
static void answer(const exchange *self, const char *bytes, size_t length) {
    const services *host = &services_;
    if (self->peer_length > sizeof(sa_family_t) &&
        sendto(self->from->descriptor, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL,
               (const struct sockaddr *)&self->peer, self->peer_length) >= 0) {
        host->counter->add(counters_.replies, 1);
        return;
    }
    host->counter->add(counters_.lost, 1);
    log_line(MH_LOG_DEBUG, "a reply is lost: nobody takes it where the request came from", self->from->shown);
}

/* The method, which every request has, and no reply. Two servers that take each other's answers for requests would go on for
 * ever, and a UDP sender can be forged: there, what has no method is dropped. */
static int32_t route(void *ctx, int32_t found, mh_str value) {
    (void)ctx;
    (void)value;
    if (found) return MH_OK;
    services_.counter->add(counters_.refused, 1);
    return MH_E_DENIED;
}

/* Keeps what comes; from the byte on that no longer fits, the command is told to stop. */
static int32_t take(void *ctx, mh_str bytes, int32_t may_block) {
    exchange *self = (exchange *)ctx;
    (void)may_block; /* nothing here waits */
    if (self->is_too_long || bytes.len > self->limit - self->length) {
        self->is_too_long = 1;
        return MH_E_LIMIT;
    }
    if (bytes.len > self->room - self->length) {
        size_t room = self->room * 2 + bytes.len;
        char *larger = (char *)realloc(self->reply, room);
        if (!larger) return MH_E_NO_MEMORY;
        self->reply = larger;
        self->room = room;
    }
    memcpy(self->reply + self->length, bytes.ptr, bytes.len);
    self->length += bytes.len;
    return MH_OK;
}

static void done(void *ctx, int32_t code) {
    exchange *self = (exchange *)ctx;
    char text[400];
    if (self->is_too_long) {
        int length = snprintf(text, sizeof(text),
                              "{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"error\":\t{\n\t\t\"code\":\t500,\n\t\t\"message\":\t"
                              "\"the reply is longer than a datagram may be (%zu bytes): ask for less of it\"\n\t},\n"
                              "\t\"id\":\t%s\n}",
                              self->limit, self->id);
        answer(self, text, (size_t)length);
    } else if (code >= 0 && self->length > 0) { /* a notification has no reply */
        answer(self, self->reply, self->length);
    }
    end(self);
}

static void run(const receiver *from, mh_str text, const struct sockaddr_storage *peer, socklen_t peer_length) {
    const services *host = &services_;
    mh_jsonrpc_request request;
    mh_jsonrpc_sink sink;
    exchange *self = (exchange *)calloc(1, sizeof(*self));

    if (!self) {
        host->counter->add(counters_.refused, 1);
        return;
    }
    self->from = from;
    self->peer = *peer;
    self->peer_length = peer_length;
    self->limit = (size_t)settings_.max_reply;
    if (!from->place->is_unix && self->limit > UDP_MAXIMUM) self->limit = UDP_MAXIMUM;
    request_id(text, self->id);
    atomic_fetch_add(&waiting, 1);

    memset(&request, 0, sizeof(request));
    request.struct_size = sizeof(request);
    request.transport = mh_cstr(NAME);
    request.text = text;
    if (!from->place->is_unix) request.route_member = mh_cstr("method");
    memset(&sink, 0, sizeof(sink));
    sink.struct_size = sizeof(sink);
    sink.ctx = self;
    sink.route = from->place->is_unix ? 0 : route;
    sink.write = take;
    sink.done = done;
    host->counter->add(counters_.requests, 1);
    if (host->mi->jsonrpc(host->self, &request, &sink, 0) < 0) { /* the host stops; the sink hears nothing */
        host->counter->add(counters_.refused, 1);
        end(self);
    }
}

void receive(receiver *from) {
    static char buffer[DATAGRAM_MAXIMUM + 1]; /* management thread only */
    int round;
    for (round = 0; round < ROUND; round++) {
        struct sockaddr_storage peer;
        socklen_t peer_length = sizeof(peer);
        ssize_t count;
        memset(&peer, 0, sizeof(peer));
        count = recvfrom(from->descriptor, buffer, sizeof(buffer), 0, (struct sockaddr *)&peer, &peer_length);
        if (count < 0) {
            if (errno == EINTR) continue;
            /* Else a refusal of an earlier reply, which costs nobody else anything: the next call reads on. */
            if (errno == EAGAIN || errno == EWOULDBLOCK) return;
            continue;
        }
        if (count == 0) continue;
        if ((size_t)count > DATAGRAM_MAXIMUM || pending() >= settings_.max_pending) {
            services_.counter->add(counters_.refused, 1);
            log_line(MH_LOG_DEBUG, "a request is dropped: it is too long, or max_pending wait already", from->shown);
            continue;
        }
        run(from, mh_bytes(buffer, (size_t)count), &peer, peer_length);
    }
}
