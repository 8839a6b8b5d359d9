//! modhost/net.h: service "mh.net/1": streams and datagrams on the workers.
//!
//! Addresses are URLs: "tcp://HOST:PORT" (HOST a name, an IPv4 address or an IPv6 address in brackets; port 0 picks one),
//! "unix:/PATH" or "unix:///PATH", "udp://HOST:PORT". A stream lives on one worker: its callbacks and its functions
//! run there and nowhere else (use mh.loop/1 post to get there). After `gone` the stream is void; `gone` arrives
//! exactly once.

use super::*;

/// opaque; closed by the host before the drain
#[repr(C)]
pub struct mh_listener {
    _opaque: [u8; 0],
}

/// opaque
#[repr(C)]
pub struct mh_stream {
    _opaque: [u8; 0],
}

/// opaque; a datagram socket
#[repr(C)]
pub struct mh_socket {
    _opaque: [u8; 0],
}

/// What a module wants to hear of a stream.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_stream_handler {
    pub struct_size: u32,
    pub reserved: u32,
    /// of connect and adopt; accept hands over its own
    pub ctx: *mut c_void,
    /// Bytes came in; all are taken. (thread: worker) (phase: run) (blocks: no) (owns: bytes are borrowed for the call)
    pub data: Option<unsafe extern "C" fn(ctx: *mut c_void, stream: *mut mh_stream, bytes: mh_str)>,
    /// The peer will send no more (half-close); writing goes on. NULL: the host closes the stream.
    /// (thread: worker) (phase: run) (blocks: no) (owns: nothing)
    pub end: Option<unsafe extern "C" fn(ctx: *mut c_void, stream: *mut mh_stream)>,
    /// What was written has fallen below the low water mark after a write had answered MH_FULL; may be NULL.
    /// (thread: worker) (phase: run) (blocks: no) (owns: nothing)
    pub drained: Option<unsafe extern "C" fn(ctx: *mut c_void, stream: *mut mh_stream)>,
    /// The stream is closed. code: MH_OK after an ordinary close, else why, with its text.
    /// (thread: worker) (phase: run+stop) (blocks: no) (owns: text is borrowed; the stream is void afterwards)
    pub gone: Option<unsafe extern "C" fn(ctx: *mut c_void, code: i32, text: mh_str)>,
    /// A connection asked for by `connect` stands; may be NULL. (thread: worker) (phase: run) (blocks: no) (owns: nothing)
    pub connected: Option<unsafe extern "C" fn(ctx: *mut c_void, stream: *mut mh_stream)>,
}
zeroed!(mh_stream_handler);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_peer {
    pub struct_size: u32,
    /// thread index on which the stream lives
    pub worker: u32,
    /// "127.0.0.1:40000", "\[::1\]:40000", or "unix:" and the peer's process id
    pub address: mh_str,
    /// UNIX sockets: the peer's user; else -1
    pub user_id: i64,
    /// UNIX sockets: the peer's group; else -1
    pub group_id: i64,
    /// UNIX sockets: the peer's process; else -1
    pub process_id: i64,
}
zeroed!(mh_peer);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_listen_options {
    pub struct_size: u32,
    /// UNIX sockets: file mode, such as 0660; 0: 0600
    pub mode: u32,
    /// tcp:// or unix:
    pub url: mh_str,
    /// 0: 512
    pub backlog: u32,
    /// 0: no limit; beyond it new connections are closed at once and counted
    pub max_connections: u32,
    pub ctx: *mut c_void,
    /// A connection came in: point *handler at a handler (copied; it may be shared by all streams), set *stream_ctx
    /// to what its functions get as ctx, and return 0; or return negative to close it.
    /// (thread: worker) (phase: run) (blocks: no) (owns: peer is borrowed; *stream_ctx is the module's again at gone)
    pub accept: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            stream: *mut mh_stream,
            peer: *const mh_peer,
            handler: *mut *const mh_stream_handler,
            stream_ctx: *mut *mut c_void,
        ) -> i32,
    >,
}
zeroed!(mh_listen_options);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_connect_options {
    pub struct_size: u32,
    /// 1...N, MH_WORKER_ANY or MH_WORKER_CURRENT
    pub worker: u32,
    /// tcp:// or unix:
    pub url: mh_str,
    /// nanoseconds; 0: 10 s
    pub timeout: i64,
    /// copied
    pub handler: *const mh_stream_handler,
}
zeroed!(mh_connect_options);

pub const MH_ADOPT_READ: u32 = 0x01;
pub const MH_ADOPT_WRITE: u32 = 0x02;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_adopt_options {
    pub struct_size: u32,
    pub worker: u32,
    /// a pipe, FIFO, terminal or connected stream socket; the host owns and closes it when adopt succeeds
    pub descriptor: i32,
    /// MH_ADOPT_READ, MH_ADOPT_WRITE or both
    pub flags: u32,
    /// copied
    pub handler: *const mh_stream_handler,
}
zeroed!(mh_adopt_options);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_datagram_options {
    pub struct_size: u32,
    pub worker: u32,
    /// udp://HOST:PORT
    pub url: mh_str,
    pub ctx: *mut c_void,
    /// A datagram came in. (thread: worker) (phase: run) (blocks: no) (owns: peer and bytes are borrowed for the call)
    pub datagram: Option<unsafe extern "C" fn(ctx: *mut c_void, socket: *mut mh_socket, peer: mh_str, bytes: mh_str)>,
    /// The socket is closed. (thread: worker) (phase: run+stop) (blocks: no) (owns: the socket is void afterwards)
    pub gone: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
}
zeroed!(mh_datagram_options);

pub const MH_NET_SERVICE: &str = "mh.net/1";

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_net_service {
    pub struct_size: u32,
    pub reserved: u32,
    /// Listens; connections are spread over the workers. Opened when all modules are initialised; an address that
    /// cannot be bound is reported here when called while running, and ends the start otherwise.
    /// (thread: main) (phase: init+run) (blocks: yes) (owns: options are copied; *listener (may be NULL) is the host's)
    pub listen: Option<
        unsafe extern "C" fn(
            self_: *mut mh_self,
            options: *const mh_listen_options,
            listener: *mut *mut mh_listener,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Stops listening; streams that were accepted stay. (thread: main) (phase: run+stop) (blocks: no)
    /// (owns: the listener is void)
    pub unlisten: Option<unsafe extern "C" fn(listener: *mut mh_listener)>,
    /// Connects; `connected` or `gone` follows on the worker.
    /// (thread: any) (phase: run) (blocks: no) (owns: options and handler are copied)
    pub connect:
        Option<unsafe extern "C" fn(self_: *mut mh_self, options: *const mh_connect_options, err: *const mh_error) -> i32>,
    /// Takes over a descriptor as a stream; `connected` follows on the worker.
    /// (thread: any) (phase: init+run) (blocks: no)
    /// (owns: options and handler are copied; the descriptor goes to the host)
    pub adopt:
        Option<unsafe extern "C" fn(self_: *mut mh_self, options: *const mh_adopt_options, err: *const mh_error) -> i32>,
    /// Writes bytes. MH_OK; MH_FULL when taken but above the high water mark; MH_E_CLOSED; MH_E_STATE on
    /// another thread; MH_E_UNSUPPORTED on a pipe that was adopted for reading only.
    /// (thread: worker) (phase: run+stop) (blocks: no) (owns: bytes are borrowed and copied)
    pub write: Option<unsafe extern "C" fn(stream: *mut mh_stream, bytes: mh_str) -> i32>,
    /// Writes an array of mh_str in one go; answers as write.
    /// (thread: worker) (phase: run+stop) (blocks: no) (owns: parts are borrowed and copied)
    pub write_parts: Option<unsafe extern "C" fn(stream: *mut mh_stream, parts: *const mh_array) -> i32>,
    /// Writes a region of a file in its turn, in bounded memory; answers as write. The host works on a duplicate of
    /// the descriptor.
    /// (thread: worker) (phase: run) (blocks: no) (owns: the descriptor stays the module's)
    pub write_file: Option<unsafe extern "C" fn(stream: *mut mh_stream, descriptor: i32, offset: i64, length: i64) -> i32>,
    /// Stops and restarts reading: the peer is held back by its own full buffers.
    /// (thread: worker) (phase: run) (blocks: no) (owns: nothing)
    pub pause: Option<unsafe extern "C" fn(stream: *mut mh_stream)>,
    /// Restarts reading. (thread: worker) (phase: run) (blocks: no) (owns: nothing)
    pub resume: Option<unsafe extern "C" fn(stream: *mut mh_stream)>,
    /// Sets the marks in bytes; defaults 32 KiB and 64 KiB. (thread: worker) (phase: run) (blocks: no) (owns: nothing)
    pub water_marks: Option<unsafe extern "C" fn(stream: *mut mh_stream, low: u32, high: u32) -> i32>,
    /// Closes after what was written has gone out. (thread: worker) (phase: run+stop) (blocks: no) (owns: void after gone)
    pub close: Option<unsafe extern "C" fn(stream: *mut mh_stream)>,
    /// Closes at once, dropping what is unwritten. (thread: worker) (phase: run+stop) (blocks: no) (owns: void after gone)
    pub abort: Option<unsafe extern "C" fn(stream: *mut mh_stream)>,
    /// Opens a datagram socket. (thread: main) (phase: init+run) (blocks: yes)
    /// (owns: options are copied; *socket is the host's)
    pub datagrams: Option<
        unsafe extern "C" fn(
            self_: *mut mh_self,
            options: *const mh_datagram_options,
            socket: *mut *mut mh_socket,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Sends one datagram to "HOST:PORT". (thread: worker) (phase: run) (blocks: no) (owns: peer and bytes are borrowed)
    pub send: Option<unsafe extern "C" fn(socket: *mut mh_socket, peer: mh_str, bytes: mh_str) -> i32>,
    /// Closes a datagram socket; `gone` follows. (thread: any) (phase: run+stop) (blocks: no) (owns: void after gone)
    pub close_socket: Option<unsafe extern "C" fn(socket: *mut mh_socket)>,
    /// The address that a listener got, as a URL ("tcp://127.0.0.1:40123"); empty until it listens. Static until unlisten.
    /// (thread: any) (phase: run) (blocks: no) (owns: the listener's)
    pub address: Option<unsafe extern "C" fn(listener: *mut mh_listener) -> mh_str>,
}
zeroed!(mh_net_service);
