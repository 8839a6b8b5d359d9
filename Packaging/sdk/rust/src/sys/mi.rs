//! modhost/mi.h: management commands, their replies, and service "mh.mi/1" for modules that carry commands (transports).
//!
//! Handlers run on the management thread, one at a time. A command marked MH_MI_SLOW runs on a pool thread of its
//! own; its reply streams to the client with back-pressure, so a dump of any size takes constant memory. A handler
//! never sees the transport.

use super::*;

/// classic text: print the scalar members of this map as `name=value` on the map's own line
pub const MH_MI_ATTRIBUTES: u32 = 0x01;

/// The reply writer. The reply is one value: a scalar, a map or a list. Names count inside maps; inside lists a name
/// is optional and only the classic text framing shows it; the outermost value has none. A handler that writes nothing
/// replies with an empty map. Every function answers MH_E_CANCELLED once the client is gone: stop then.
///
/// Until the handler returns, the functions are for its thread, and those of a slow command may wait for the client.
/// After MH_DEFERRED they are for any one thread at a time and never block; the module owes exactly one finish, also
/// after MH_E_CANCELLED. When the module stops, its tasks and streams end first: a `gone` may still fail and finish.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_mi_reply {
    pub struct_size: u32,
    /// 1: the client speaks the classic text protocol; commands with a historic text shape may use it
    pub classic: u32,
    pub ctx: *mut c_void,
    /// Opens a map. flags: 0 or MH_MI_ATTRIBUTES. (thread: command+any) (phase: run+stop) (blocks: yes)
    /// (owns: name is borrowed and copied)
    pub begin_map: Option<unsafe extern "C" fn(ctx: *mut c_void, name: mh_str, flags: u32) -> i32>,
    /// Opens a list. (thread: command+any) (phase: run+stop) (blocks: yes) (owns: name is borrowed and copied)
    pub begin_list: Option<unsafe extern "C" fn(ctx: *mut c_void, name: mh_str, flags: u32) -> i32>,
    /// Closes the innermost map or list. (thread: command+any) (phase: run+stop) (blocks: yes) (owns: nothing)
    pub end: Option<unsafe extern "C" fn(ctx: *mut c_void) -> i32>,
    /// Writes a scalar. Durations are written as seconds, times as microseconds.
    /// (thread: command+any) (phase: run+stop) (blocks: yes) (owns: name and value are borrowed and copied)
    pub value: Option<unsafe extern "C" fn(ctx: *mut c_void, name: mh_str, value: *const mh_value) -> i32>,
    /// Answers with an error instead, such as 404 and "no such table"; what was written is dropped when none of it
    /// has gone out, else the reply is cut and the client is told. The handler then returns 0.
    /// (thread: command+any) (phase: run+stop) (blocks: no) (owns: text is borrowed and copied)
    pub fail: Option<unsafe extern "C" fn(ctx: *mut c_void, code: i32, text: mh_str) -> i32>,
    /// Completes a deferred reply, once. Before it, the other functions may be called from one thread at a time.
    /// (thread: any) (phase: run+stop) (blocks: no) (owns: the reply is void afterwards)
    pub finish: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
}
zeroed!(mh_mi_reply);

/// changes nothing
pub const MH_MI_READ: u32 = 0x01;
/// changes something; exactly one of the two is set
pub const MH_MI_CHANGE: u32 = 0x02;
/// may take long or reply at length: runs on a pool thread
pub const MH_MI_SLOW: u32 = 0x04;
pub const MH_MI_FLAGS: u32 = 0x07;
pub const MH_MI_ARG_OPTIONAL: u32 = 0x01;
/// last one only: takes all that follow, arrives as MH_LIST
pub const MH_MI_ARG_REST: u32 = 0x02;
pub const MH_MI_ARG_FLAGS: u32 = 0x03;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_mi_arg {
    pub struct_size: u32,
    /// MH_INT, MH_FLOAT, MH_BOOL, MH_STRING, MH_DURATION, MH_SIZE; of the elements when REST. MH_NULL: any scalar as
    /// it came
    pub type_: u32,
    /// MH_MI_ARG_...
    pub flags: u32,
    pub reserved: u32,
    pub name: mh_str,
    pub help: mh_str,
}
zeroed!(mh_mi_arg);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_mi_call {
    pub struct_size: u32,
    pub classic: u32,
    /// the name it was called by
    pub command: mh_str,
    /// "mi-fifo", or the calling module's name
    pub transport: mh_str,
    /// mh_value, one per declared argument; MH_NULL where left out. Checked against the declaration
    pub args: mh_array,
}
zeroed!(mh_mi_call);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_mi_command {
    pub struct_size: u32,
    /// MH_MI_READ or MH_MI_CHANGE, with MH_MI_SLOW
    pub flags: u32,
    /// "flat_rotate"; \[A-Za-z_\]\[A-Za-z0-9_.\]*, at most 128 bytes
    pub name: mh_str,
    /// mh_str: "flatstore.rotate"
    pub aliases: mh_array,
    /// one sentence
    pub summary: mh_str,
    /// a line as typed after modctl: "htable.get users alice"
    pub example: mh_str,
    /// mh_mi_arg
    pub args: mh_array,
    pub ctx: *mut c_void,
    /// Does it. 0: the reply is complete; MH_DEFERRED: reply-\>finish follows; negative: failed, and unless fail was
    /// called the client gets 500. call and its arguments are borrowed until the reply is complete, deferred or not.
    /// (thread: command) (phase: run) (blocks: yes) (owns: call and reply are the host's, void when the reply is complete)
    pub handler: Option<unsafe extern "C" fn(ctx: *mut c_void, call: *const mh_mi_call, reply: *const mh_mi_reply) -> i32>,
}
zeroed!(mh_mi_command);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_mi_argument {
    pub struct_size: u32,
    pub reserved: u32,
    /// empty: positional
    pub name: mh_str,
    /// MH_STRING text is converted to the declared type. With a name that the command does not have: see text
    pub value: mh_value,
    /// the whole argument as the client wrote it ("c::d"); taken as a positional string when no argument is called
    /// `name`; may be empty
    pub text: mh_str,
}
zeroed!(mh_mi_argument);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_mi_request {
    pub struct_size: u32,
    /// 1: classic text framing
    pub classic: u32,
    pub transport: mh_str,
    pub command: mh_str,
    /// mh_mi_argument
    pub args: mh_array,
}
zeroed!(mh_mi_request);

pub const MH_MI_EVENT_MAP: u32 = 1;
pub const MH_MI_EVENT_LIST: u32 = 2;
pub const MH_MI_EVENT_END: u32 = 3;
pub const MH_MI_EVENT_VALUE: u32 = 4;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_mi_event {
    pub struct_size: u32,
    /// MH_MI_EVENT_...
    pub kind: u32,
    /// MH_MI_ATTRIBUTES
    pub flags: u32,
    /// 1: the sink may wait here (slow commands); 0: it must take the event at once
    pub may_block: u32,
    pub name: mh_str,
    pub value: mh_value,
}
zeroed!(mh_mi_event);

/// Receives a reply as events.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_mi_sink {
    pub struct_size: u32,
    pub reserved: u32,
    pub ctx: *mut c_void,
    /// One event; negative: the client is gone, stop. (thread: command) (phase: run) (blocks: yes)
    /// (owns: event is borrowed for the call)
    pub event: Option<unsafe extern "C" fn(ctx: *mut c_void, event: *const mh_mi_event) -> i32>,
    /// The reply is complete, exactly once and last. code 0, or a fault such as 404 with its text; after events it
    /// means that the reply is cut. (thread: command) (phase: run) (blocks: no)
    /// (owns: text is borrowed; ctx is the transport's again)
    pub done: Option<unsafe extern "C" fn(ctx: *mut c_void, code: i32, text: mh_str)>,
}
zeroed!(mh_mi_sink);

/// else Kamailio's pretty layout, with tabs
pub const MH_JSONRPC_COMPACT: u32 = 0x01;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_jsonrpc_request {
    pub struct_size: u32,
    /// MH_JSONRPC_...
    pub flags: u32,
    pub transport: mh_str,
    /// one JSON-RPC 2.0 request or batch
    pub text: mh_str,
    /// a top-level string member to hand to `route`, such as "reply_name"; empty: none
    pub route_member: mh_str,
}
zeroed!(mh_jsonrpc_request);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_jsonrpc_sink {
    pub struct_size: u32,
    pub reserved: u32,
    pub ctx: *mut c_void,
    /// Called once before anything runs, when route_member was asked for: found is 1 and value its text, or 0. A
    /// negative return drops the request unrun. May be NULL. (thread: any) (phase: run) (blocks: no)
    /// (owns: value is borrowed for the call)
    pub route: Option<unsafe extern "C" fn(ctx: *mut c_void, found: i32, value: mh_str) -> i32>,
    /// Bytes of the answer. may_block as in mh_mi_event; negative: the client is gone.
    /// (thread: command) (phase: run) (blocks: yes) (owns: bytes are borrowed for the call)
    pub write: Option<unsafe extern "C" fn(ctx: *mut c_void, bytes: mh_str, may_block: i32) -> i32>,
    /// The answer is complete, exactly once and last; a notification has had no bytes. code: 0, or MH_E_CANCELLED when cut.
    /// (thread: any) (phase: run) (blocks: no) (owns: ctx is the transport's again)
    pub done: Option<unsafe extern "C" fn(ctx: *mut c_void, code: i32)>,
}
zeroed!(mh_jsonrpc_sink);

pub const MH_MI_SERVICE: &str = "mh.mi/1";

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_mi_service {
    pub struct_size: u32,
    pub reserved: u32,
    /// Queues a command; the sink hears of everything, also of an unknown command. Requests of one module keep their
    /// order, but for slow ones.
    /// (thread: any) (phase: run) (blocks: no) (owns: request is copied; sink is copied, its ctx lent until done)
    pub execute: Option<
        unsafe extern "C" fn(
            self_: *mut mh_self,
            request: *const mh_mi_request,
            sink: *const mh_mi_sink,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Queues JSON-RPC text; parse errors come as JSON-RPC errors through the sink.
    /// (thread: any) (phase: run) (blocks: no) (owns: request is copied; sink is copied, its ctx lent until done)
    pub jsonrpc: Option<
        unsafe extern "C" fn(
            self_: *mut mh_self,
            request: *const mh_jsonrpc_request,
            sink: *const mh_jsonrpc_sink,
            err: *const mh_error,
        ) -> i32,
    >,
}
zeroed!(mh_mi_service);
