/* modhost/net.h: service "mh.net/1": streams and datagrams on the workers.
 *
 * Addresses are URLs: "tcp://HOST:PORT" (HOST a name, an IPv4 address or an IPv6 address in brackets; port 0 picks one),
 * "unix:/PATH" or "unix:///PATH", "udp://HOST:PORT". A stream lives on one worker: its callbacks and its functions
 * run there and nowhere else (use mh.loop/1 post to get there). After `gone` the stream is void; `gone` arrives
 * exactly once. */
#ifndef MODHOST_NET_H
#define MODHOST_NET_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mh_listener mh_listener; /* opaque; closed by the host before the drain */
typedef struct mh_stream mh_stream;     /* opaque */
typedef struct mh_socket mh_socket;     /* opaque; a datagram socket */

/* What a module wants to hear of a stream. */
typedef struct mh_stream_handler {
    uint32_t struct_size;
    uint32_t reserved;
    void *ctx; /* of connect and adopt; accept hands over its own */
    /* Bytes came in; all are taken. [thread: worker] [phase: run] [blocks: no] [owns: bytes are borrowed for the call] */
    void (*data)(void *ctx, mh_stream *stream, mh_str bytes);
    /* The peer will send no more (half-close); writing goes on. NULL: the host closes the stream.
     * [thread: worker] [phase: run] [blocks: no] [owns: nothing] */
    void (*end)(void *ctx, mh_stream *stream);
    /* What was written has fallen below the low water mark after a write had answered MH_FULL; may be NULL.
     * [thread: worker] [phase: run] [blocks: no] [owns: nothing] */
    void (*drained)(void *ctx, mh_stream *stream);
    /* The stream is closed. code: MH_OK after an ordinary close, else why, with its text.
     * [thread: worker] [phase: run+stop] [blocks: no] [owns: text is borrowed; the stream is void afterwards] */
    void (*gone)(void *ctx, int32_t code, mh_str text);
    /* A connection asked for by `connect` stands; may be NULL. [thread: worker] [phase: run] [blocks: no] [owns: nothing] */
    void (*connected)(void *ctx, mh_stream *stream);
} mh_stream_handler;

typedef struct mh_peer {
    uint32_t struct_size;
    uint32_t worker;  /* thread index on which the stream lives */
    mh_str address;   /* "127.0.0.1:40000", "[::1]:40000", or "unix:" and the peer's process id */
    int64_t user_id;  /* UNIX sockets: the peer's user; else -1 */
    int64_t group_id; /* UNIX sockets: the peer's group; else -1 */
    int64_t process_id; /* UNIX sockets: the peer's process; else -1 */
} mh_peer;

typedef struct mh_listen_options {
    uint32_t struct_size;
    uint32_t mode;    /* UNIX sockets: file mode, such as 0660; 0: 0600 */
    mh_str url;       /* tcp:// or unix: */
    uint32_t backlog; /* 0: 512 */
    uint32_t max_connections; /* 0: no limit; beyond it new connections are closed at once and counted */
    void *ctx;
    /* A connection came in: point *handler at a handler (copied; it may be shared by all streams), set *stream_ctx
     * to what its functions get as ctx, and return 0; or return negative to close it.
     * [thread: worker] [phase: run] [blocks: no] [owns: peer is borrowed; *stream_ctx is the module's again at gone] */
    int32_t (*accept)(void *ctx, mh_stream *stream, const mh_peer *peer, const mh_stream_handler **handler,
                      void **stream_ctx);
} mh_listen_options;

typedef struct mh_connect_options {
    uint32_t struct_size;
    uint32_t worker; /* 1...N, MH_WORKER_ANY or MH_WORKER_CURRENT */
    mh_str url;      /* tcp:// or unix: */
    int64_t timeout; /* nanoseconds; 0: 10 s */
    const mh_stream_handler *handler; /* copied */
} mh_connect_options;

#define MH_ADOPT_READ 0x01u
#define MH_ADOPT_WRITE 0x02u

typedef struct mh_adopt_options {
    uint32_t struct_size;
    uint32_t worker;
    /* a pipe, FIFO, terminal or connected stream socket; the host owns and closes it when adopt succeeds */
    int32_t descriptor;
    uint32_t flags;     /* MH_ADOPT_READ, MH_ADOPT_WRITE or both */
    const mh_stream_handler *handler; /* copied */
} mh_adopt_options;

typedef struct mh_datagram_options {
    uint32_t struct_size;
    uint32_t worker;
    mh_str url; /* udp://HOST:PORT */
    void *ctx;
    /* A datagram came in. [thread: worker] [phase: run] [blocks: no] [owns: peer and bytes are borrowed for the call] */
    void (*datagram)(void *ctx, mh_socket *socket, mh_str peer, mh_str bytes);
    /* The socket is closed. [thread: worker] [phase: run+stop] [blocks: no] [owns: the socket is void afterwards] */
    void (*gone)(void *ctx);
} mh_datagram_options;

#define MH_NET_SERVICE "mh.net/1"
typedef struct mh_net_service {
    uint32_t struct_size;
    uint32_t reserved;
    /* Listens; connections are spread over the workers. Opened when all modules are initialised; an address that
     * cannot be bound is reported here when called while running, and ends the start otherwise.
     * [thread: main] [phase: init+run] [blocks: yes] [owns: options are copied; *listener (may be NULL) is the host's] */
    int32_t (*listen)(mh_self *self, const mh_listen_options *options, mh_listener **listener, const mh_error *err);
    /* Stops listening; streams that were accepted stay. [thread: main] [phase: run+stop] [blocks: no]
     * [owns: the listener is void] */
    void (*unlisten)(mh_listener *listener);
    /* Connects; `connected` or `gone` follows on the worker.
     * [thread: any] [phase: run] [blocks: no] [owns: options and handler are copied] */
    int32_t (*connect)(mh_self *self, const mh_connect_options *options, const mh_error *err);
    /* Takes over a descriptor as a stream; `connected` follows on the worker.
     * [thread: any] [phase: init+run] [blocks: no]
     * [owns: options and handler are copied; the descriptor goes to the host] */
    int32_t (*adopt)(mh_self *self, const mh_adopt_options *options, const mh_error *err);
    /* Writes bytes. MH_OK; MH_FULL when taken but above the high water mark; MH_E_CLOSED; MH_E_STATE on
     * another thread; MH_E_UNSUPPORTED on a pipe that was adopted for reading only.
     * [thread: worker] [phase: run+stop] [blocks: no] [owns: bytes are borrowed and copied] */
    int32_t (*write)(mh_stream *stream, mh_str bytes);
    /* Writes an array of mh_str in one go; answers as write.
     * [thread: worker] [phase: run+stop] [blocks: no] [owns: parts are borrowed and copied] */
    int32_t (*write_parts)(mh_stream *stream, const mh_array *parts);
    /* Writes a region of a file in its turn, in bounded memory; answers as write. The host works on a duplicate of
     * the descriptor.
     * [thread: worker] [phase: run] [blocks: no] [owns: the descriptor stays the module's] */
    int32_t (*write_file)(mh_stream *stream, int32_t descriptor, int64_t offset, int64_t length);
    /* Stops and restarts reading: the peer is held back by its own full buffers.
     * [thread: worker] [phase: run] [blocks: no] [owns: nothing] */
    void (*pause)(mh_stream *stream);
    /* Restarts reading. [thread: worker] [phase: run] [blocks: no] [owns: nothing] */
    void (*resume)(mh_stream *stream);
    /* Sets the marks in bytes; defaults 32 KiB and 64 KiB. [thread: worker] [phase: run] [blocks: no] [owns: nothing] */
    int32_t (*water_marks)(mh_stream *stream, uint32_t low, uint32_t high);
    /* Closes after what was written has gone out. [thread: worker] [phase: run+stop] [blocks: no] [owns: void after gone] */
    void (*close)(mh_stream *stream);
    /* Closes at once, dropping what is unwritten. [thread: worker] [phase: run+stop] [blocks: no] [owns: void after gone] */
    void (*abort)(mh_stream *stream);
    /* Opens a datagram socket. [thread: main] [phase: init+run] [blocks: yes]
     * [owns: options are copied; *socket is the host's] */
    int32_t (*datagrams)(mh_self *self, const mh_datagram_options *options, mh_socket **socket, const mh_error *err);
    /* Sends one datagram to "HOST:PORT". [thread: worker] [phase: run] [blocks: no] [owns: peer and bytes are borrowed] */
    int32_t (*send)(mh_socket *socket, mh_str peer, mh_str bytes);
    /* Closes a datagram socket; `gone` follows. [thread: any] [phase: run+stop] [blocks: no] [owns: void after gone] */
    void (*close_socket)(mh_socket *socket);
    /* The address that a listener got, as a URL ("tcp://127.0.0.1:40123"); empty until it listens. Static until unlisten.
     * [thread: any] [phase: run] [blocks: no] [owns: the listener's] */
    mh_str (*address)(mh_listener *listener);
} mh_net_service;

#ifdef __cplusplus
}
#endif
#endif
