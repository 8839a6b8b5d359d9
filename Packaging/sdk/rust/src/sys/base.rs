//! modhost/base.h: the vocabulary of the module ABI: strings, arrays, values, errors.
//!
//! Each function says in its comment on which thread and in which phase of the module's life it may be called, whether
//! it may block, and who owns each pointer. Every struct that may grow begins with `struct_size`, which whoever fills it
//! sets to its own size; fields are only appended, and an absent one reads as zero.

use super::*;

pub const MH_ABI_MAJOR: u16 = 1;
pub const MH_ABI_MINOR: u16 = 1;
/// Return codes: zero or positive is success, negative one of these. Text goes to the mh_error of the call.
pub const MH_OK: i32 = 0;
/// a command's reply comes later, through mh_mi_reply.finish
pub const MH_DEFERRED: i32 = 1;
/// a write was taken, but the stream is above its high water mark: wait for `drained`
pub const MH_FULL: i32 = 1;
/// an argument is wrong
pub const MH_E_INVALID: i32 = -1;
pub const MH_E_NO_MEMORY: i32 = -2;
/// this provider or host cannot do that, ever
pub const MH_E_UNSUPPORTED: i32 = -3;
pub const MH_E_NOT_FOUND: i32 = -4;
pub const MH_E_EXISTS: i32 = -5;
pub const MH_E_BUSY: i32 = -6;
/// the operating system refused; the text holds its reason
pub const MH_E_IO: i32 = -7;
/// the disk or a quota is full; trying again later can succeed
pub const MH_E_NO_SPACE: i32 = -8;
/// not now; try again when told
pub const MH_E_AGAIN: i32 = -9;
pub const MH_E_CANCELLED: i32 = -10;
pub const MH_E_TIMEOUT: i32 = -11;
/// wrong thread or phase
pub const MH_E_STATE: i32 = -12;
/// over a stated limit
pub const MH_E_LIMIT: i32 = -13;
pub const MH_E_CLOSED: i32 = -14;
/// the other side is too old or too new
pub const MH_E_ABI: i32 = -15;
pub const MH_E_DENIED: i32 = -16;
pub const MH_E_INTERNAL: i32 = -99;

/// A counted string: UTF-8 text or raw bytes, not NUL-terminated. Borrowed for the call unless a comment says static.
/// An empty string has len 0, and then ptr may be NULL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_str {
    pub ptr: *const c_char,
    pub len: usize,
}
zeroed!(mh_str);

/// An array of structs whose size the reader may not know: element i starts at items + i * stride. The stride is a
/// multiple of 8 and no smaller than the elements' struct_size; items may be NULL only when count is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_array {
    pub items: *const c_void,
    pub count: u32,
    /// bytes from one element to the next: sizeof(element) of whoever filled it
    pub stride: u32,
}
zeroed!(mh_array);

/// Types of a value, a parameter, an argument and a database column.
pub const MH_NULL: u32 = 0;
/// as.integer: signed 64-bit
pub const MH_INT: u32 = 1;
/// as.real: IEEE-754 double
pub const MH_FLOAT: u32 = 2;
/// as.text: text or bytes of any content
pub const MH_STRING: u32 = 3;
/// as.integer: 0 or 1
pub const MH_BOOL: u32 = 4;
/// as.integer: microseconds since 1970-01-01T00:00:00Z
pub const MH_TIME: u32 = 5;
/// as.text: bytes that are not text
pub const MH_BLOB: u32 = 6;
/// as.integer: nanoseconds
pub const MH_DURATION: u32 = 7;
/// as.integer: bytes
pub const MH_SIZE: u32 = 8;
/// as.list: array of mh_value
pub const MH_LIST: u32 = 9;

/// What a value holds, by its type.
#[repr(C)]
#[derive(Clone, Copy)]
pub union mh_value_as {
    pub integer: i64,
    pub real: f64,
    pub text: mh_str,
    pub list: mh_array,
}

/// The tagged value, the one union of this ABI. 24 bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_value {
    /// MH_NULL ... MH_LIST
    pub type_: u32,
    /// 0
    pub reserved: u32,
    pub as_: mh_value_as,
}
zeroed!(mh_value);

/// An error sink, owned by the side that calls: whoever fails reports a code and a text of one line, in English, without a
/// trailing full stop or newline: what was found, what was expected, what to do.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_error {
    pub ctx: *mut c_void,
    /// Records the error of this call; a second report replaces the first.
    /// (thread: caller) (phase: load+init+run+stop) (blocks: no) (owns: text is borrowed for the call and copied)
    pub report: Option<unsafe extern "C" fn(ctx: *mut c_void, code: i32, text: mh_str)>,
}
zeroed!(mh_error);

/// One loaded module, as the host knows it. Opaque; handed out by init, the first argument of every service function.
#[repr(C)]
pub struct mh_self {
    _opaque: [u8; 0],
}
