/* Listeners, streams, pipes and datagrams. */
#include "probe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static mh_listener *tcp_listener, *unix_listener;
mh_str echo_address(void) { return nets->address(tcp_listener); }

/* ---- the listening side ---- */

typedef struct peer {
    life life;
    const char *service;
    int is_silent; /* too many to note each */
} peer;

static void server_gone(void *ctx, int32_t code, mh_str text) {
    peer *it = ctx;
    gone(&it->life, "server stream");
    if (!it->is_silent) note("%s gone %d %.*s", it->service, code, (int)text.len, text.ptr ? text.ptr : "");
    free(it);
}

static void echo_data(void *ctx, mh_stream *stream, mh_str bytes) {
    (void)ctx;
    arrived("echo data");
    if (nets->write(stream, bytes) == MH_FULL) nets->pause(stream);
}

static void echo_drained(void *ctx, mh_stream *stream) {
    (void)ctx;
    arrived("echo drained");
    nets->resume(stream);
}

static void echo_end(void *ctx, mh_stream *stream) {
    peer *it = ctx;
    arrived("echo end");
    if (!it->is_silent) note("%s end", it->service);
    nets->write(stream, mh_cstr("bye"));
    nets->close(stream);
    if (nets->write(stream, mh_cstr("too late")) != MH_E_CLOSED) note("a write after close was taken");
}

/* Files and bytes by turns: "head|abc|", a file whole, "|mid|", 100 bytes of it, "|tail". */
static void file_data(void *ctx, mh_stream *stream, mh_str bytes) {
    (void)ctx;
    char path[512];
    snprintf(path, sizeof path, "%.*s", (int)bytes.len - 1, bytes.ptr);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    off_t size = lseek(file, 0, SEEK_END);
    mh_str parts[] = {MH_STR("a"), MH_STR(""), MH_STR("b"), MH_STR("c|")};
    mh_array list = MH_ARRAY(parts);
    nets->write(stream, mh_cstr("head|"));
    nets->write_parts(stream, &list);
    int32_t code = nets->write_file(stream, file, 0, size);
    note("file write_file answers %s", code == MH_FULL ? "MH_FULL" : code == MH_OK ? "MH_OK" : "an error");
    nets->write(stream, mh_cstr("|mid|"));
    nets->write_file(stream, file, 1000, 100);
    nets->write(stream, mh_cstr("|tail"));
    if (nets->write_file(stream, -1, 0, 5) != MH_E_INVALID) note("a file that is none was taken");
    close(file);
}

static void file_drained(void *ctx, mh_stream *stream) {
    (void)ctx;
    note("file drained");
    nets->close(stream);
}

static void abort_data(void *ctx, mh_stream *stream, mh_str bytes) {
    (void)ctx, (void)bytes;
    static char megabyte[1 << 20];
    nets->write(stream, mh_bytes(megabyte, sizeof megabyte));
    nets->abort(stream);
}

static const mh_stream_handler echo = {.struct_size = sizeof echo, .data = echo_data, .end = echo_end, .drained = echo_drained,
                                       .gone = server_gone};
static const mh_stream_handler files = {.struct_size = sizeof files, .data = file_data, .drained = file_drained,
                                        .gone = server_gone};
static const mh_stream_handler aborts = {.struct_size = sizeof aborts, .data = abort_data, .gone = server_gone};

typedef struct service {
    const char *name;
    const mh_stream_handler *handler;
    uint32_t limit;
} service;

static int32_t accepted(void *ctx, mh_stream *stream, const mh_peer *who, const mh_stream_handler **handler, void **stream_ctx) {
    const service *service = ctx;
    arrived("accept");
    if (!strcmp(service->name, "refuse")) return MH_E_DENIED;
    if (!strcmp(service->name, "marks")) nets->water_marks(stream, 1, 4096);
    peer *it = calloc(1, sizeof *it);
    it->service = service->name;
    it->is_silent = !strcmp(service->name, "tcp");
    started(&it->life);
    if (!it->is_silent)
        note("%s accepts on %s worker %u, user %d, group %d, process %s", service->name, here(), who->worker, (int)who->user_id,
             (int)who->group_id, who->process_id > 0 ? "known" : "unknown");
    *handler = service->handler;
    *stream_ctx = it;
    return MH_OK;
}

static const service services[] = {{"tcp", &echo, 0}, {"unix", &echo, 0},   {"file", &files, 0},
                                   {"abort", &aborts, 0}, {"one", &echo, 1}, {"refuse", &echo, 0}};

int32_t streams_init(const char *run_dir, const mh_error *err) {
    for (unsigned i = 0; i < sizeof services / sizeof services[0]; i++) {
        char url[600];
        if (i == 0) {
            snprintf(url, sizeof url, "tcp://127.0.0.1:0");
        } else {
            snprintf(url, sizeof url, "unix:%s/%s.sock", run_dir, services[i].name);
        }
        mh_listen_options options = {.struct_size = sizeof options, .mode = 0600, .url = mh_cstr(url),
                                     .max_connections = services[i].limit, .ctx = (void *)&services[i], .accept = accepted};
        int32_t code = nets->listen(self, &options, i == 0 ? &tcp_listener : i == 1 ? &unix_listener : NULL, err);
        if (code < 0) return code;
    }
    note("address before it listens is '%.*s'", (int)echo_address().len, echo_address().ptr ? echo_address().ptr : "");
    return MH_OK;
}

HANDLER(probe_addresses) {
    UNUSED;
    reply->begin_map(reply->ctx, mh_cstr(""), 0);
    mh_str tcp = nets->address(tcp_listener), local = nets->address(unix_listener);
    say(reply, "tcp", "%.*s", (int)tcp.len, tcp.ptr);
    say(reply, "unix", "%.*s", (int)local.len, local.ptr);
    return 0;
}

/* ---- a client of the module's own ---- */

typedef struct client {
    life life;
    int64_t size, sent, received;
    int is_wrong;
    int fulls;
} client;

static unsigned char pattern(int64_t position) { return (unsigned char)(position * 31 + position / 251); }

static void client_send(client *it, mh_stream *stream) {
    static _Thread_local char chunk[65536];
    while (it->sent < it->size) {
        int64_t count = it->size - it->sent;
        if (count > (int64_t)sizeof chunk) count = sizeof chunk;
        for (int64_t i = 0; i < count; i++) chunk[i] = (char)pattern(it->sent + i);
        int32_t code = nets->write(stream, mh_bytes(chunk, (size_t)count));
        if (code < 0) {
            note("client write answers %d", code);
            return;
        }
        it->sent += count;
        if (code == MH_FULL) {
            it->fulls++;
            return;
        }
    }
}

static void client_connected(void *ctx, mh_stream *stream) {
    arrived("client connected");
    client_send(ctx, stream);
}

static void client_drained(void *ctx, mh_stream *stream) {
    arrived("client drained");
    client_send(ctx, stream);
}

static void client_data(void *ctx, mh_stream *stream, mh_str bytes) {
    client *it = ctx;
    arrived("client data");
    for (size_t i = 0; i < bytes.len; i++) it->is_wrong |= (unsigned char)bytes.ptr[i] != pattern(it->received + (int64_t)i);
    it->received += (int64_t)bytes.len;
    if (it->received == it->size) {
        note("client has %lld bytes back, %s, %s", (long long)it->received, it->is_wrong ? "wrong" : "right",
             it->fulls ? "held back at times" : "never held back");
        nets->close(stream);
    }
}

static void client_gone(void *ctx, int32_t code, mh_str text) {
    client *it = ctx;
    gone(&it->life, "client stream");
    note("client gone %d %.*s", code, (int)text.len, text.ptr ? text.ptr : "");
    free(it);
}

HANDLER(probe_echo) {
    UNUSED;
    client *it = calloc(1, sizeof *it);
    it->size = number(call, 1);
    started(&it->life);
    mh_stream_handler handler = {.struct_size = sizeof handler, .ctx = it, .data = client_data, .drained = client_drained,
                                 .gone = client_gone, .connected = client_connected};
    mh_connect_options options = {.struct_size = sizeof options, .worker = MH_WORKER_ANY, .url = text(call, 0), .timeout = 5000000000,
                                  .handler = &handler};
    kept_error kept;
    mh_error err = keep(&kept);
    int32_t code = nets->connect(self, &options, &err);
    if (code < 0) {
        gone(&it->life, "client stream");
        reply->fail(reply->ctx, code, mh_cstr(kept.text));
    }
    return 0;
}

/* ---- pipes ---- */

static void pipe_data(void *ctx, mh_stream *stream, mh_str bytes) {
    (void)ctx, (void)stream;
    note("pipe data %.*s", (int)bytes.len, bytes.ptr);
}

static void pipe_end(void *ctx, mh_stream *stream) {
    (void)ctx;
    note("pipe end");
    nets->close(stream);
}

static void pipe_gone(void *ctx, int32_t code, mh_str text) {
    (void)text;
    gone(ctx, "pipe stream");
    note("pipe gone %d", code);
    free(ctx);
}

static void pipe_resume(void *ctx) { nets->resume(ctx); }

/* Reads nothing until the other end has long been closed. */
static void pipe_pause(void *ctx, mh_stream *stream) {
    (void)ctx;
    nets->pause(stream);
    note("write to a pipe for reading answers %d", nets->write(stream, mh_cstr("x")));
    mh_timer_options options = {.struct_size = sizeof options, .worker = MH_WORKER_CURRENT, .first = 20000000, .ctx = stream,
                                .fire = pipe_resume};
    if (loops->timer(self, &options, NULL, NULL) != MH_OK) note("timer failed");
}

static void pipe_connected(void *ctx, mh_stream *stream) {
    (void)ctx;
    nets->write(stream, mh_cstr("written"));
    nets->close(stream);
}

static void *read_pipe(void *ctx) {
    int *end = ctx;
    char bytes[64];
    size_t used = 0;
    ssize_t count;
    while ((count = read(*end, bytes + used, sizeof bytes - used)) > 0) used += (size_t)count;
    note("other end of the pipe has %.*s", (int)used, bytes);
    close(*end);
    free(end);
    return NULL;
}

static int32_t adopt(int descriptor, uint32_t flags, void (*connected)(void *, mh_stream *), kept_error *kept) {
    life *it = calloc(1, sizeof *it);
    started(it);
    mh_stream_handler handler = {.struct_size = sizeof handler, .ctx = it, .data = pipe_data, .end = pipe_end, .gone = pipe_gone,
                                 .connected = connected};
    mh_adopt_options options = {.struct_size = sizeof options, .worker = MH_WORKER_ANY, .descriptor = descriptor, .flags = flags,
                                .handler = &handler};
    mh_error err = keep(kept);
    int32_t code = nets->adopt(self, &options, &err);
    if (code < 0) gone(it, "pipe stream");
    return code;
}

HANDLER(probe_adopt) {
    UNUSED;
    kept_error kept;
    int in[2], out[2];
    if (pipe(in) != 0 || pipe(out) != 0) return MH_E_IO;
    if (write(in[1], "hello", 5) != 5 || close(in[1]) != 0) return MH_E_IO;
    if (adopt(in[0], MH_ADOPT_READ, pipe_pause, &kept) < 0) return MH_E_IO;
    int *end = malloc(sizeof *end);
    *end = out[0];
    pthread_t thread;
    if (pthread_create(&thread, NULL, read_pipe, end) != 0) return MH_E_IO;
    pthread_detach(thread);
    if (adopt(out[1], MH_ADOPT_WRITE, pipe_connected, &kept) < 0) return MH_E_IO;
    char path[512];
    snprintf(path, sizeof path, "%.*s", (int)text(call, 0).len, text(call, 0).ptr);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    int32_t code = adopt(file, MH_ADOPT_READ, NULL, &kept);
    char *at = strchr(kept.text, ' ');
    say(reply, "", "%d%s; %s", code, at ? strchr(at + 1, ' ') : "", fcntl(file, F_GETFD) >= 0 ? "still mine" : "closed");
    close(file);
    return 0;
}

/* ---- datagrams ---- */

static mh_socket *udp_server, *udp_client;
static life udp_lives[2];
static char udp_peer[64];
static int udp_wrong;

static void udp_echo(void *ctx, mh_socket *socket, mh_str peer, mh_str bytes) {
    (void)ctx;
    arrived("datagram");
    if (nets->send(socket, peer, bytes) != MH_OK) note("udp send back failed");
}

static void udp_back(void *ctx, mh_socket *socket, mh_str peer, mh_str bytes) {
    (void)ctx, (void)peer;
    arrived("datagram");
    note("udp got %.*s on %s", (int)bytes.len, bytes.ptr, here());
    nets->close_socket(socket);
    nets->close_socket(udp_server);
}

static void udp_gone(void *ctx) {
    gone(ctx, "datagram socket");
    note("udp gone");
}

static void udp_send(void *ctx) {
    (void)ctx;
    udp_wrong = nets->send(udp_client, mh_cstr("nonsense"), mh_cstr("x"));
    note("udp send to nonsense answers %d", udp_wrong);
    if (nets->send(udp_client, mh_cstr(udp_peer), mh_cstr("ping")) != MH_OK) note("udp send failed");
}

/* A port that nobody has: the kernel picks it, and it is given back just before it is used. */
static int free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (bind(probe, (struct sockaddr *)&address, size) != 0) return 0;
    getsockname(probe, (struct sockaddr *)&address, &size);
    close(probe);
    return ntohs(address.sin_port);
}

static void udp_open(void *ctx) {
    (void)ctx;
    snprintf(udp_peer, sizeof udp_peer, "127.0.0.1:%d", free_port());
    char url[80];
    snprintf(url, sizeof url, "udp://%s", udp_peer);
    started(&udp_lives[0]);
    started(&udp_lives[1]);
    mh_datagram_options server = {.struct_size = sizeof server, .worker = 1, .url = mh_cstr(url), .ctx = &udp_lives[0],
                                  .datagram = udp_echo, .gone = udp_gone};
    mh_datagram_options client = {.struct_size = sizeof client, .worker = 2, .url = mh_cstr("udp://127.0.0.1:0"),
                                  .ctx = &udp_lives[1], .datagram = udp_back, .gone = udp_gone};
    if (nets->datagrams(self, &server, &udp_server, NULL) < 0 || nets->datagrams(self, &client, &udp_client, NULL) < 0)
        note("udp sockets do not open");
    loops->post(self, 2, udp_send, NULL);
}

HANDLER(probe_udp) {
    UNUSED;
    return loops->post(self, MH_MAIN_THREAD, udp_open, NULL);
}
