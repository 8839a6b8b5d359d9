//! modhost/htable.h: the interface "mh.htable/1": in-memory tables with expiry, as module htable keeps them.
//!
//! A consumer requires "mh.htable/1" with selector "htable", acquires it in init and opens the tables of the config by name.
//! Keys and text are counted bytes of any content; integers have 64 bits. Every function may be called from any thread
//! at once; none holds a lock when it returns or while it calls back. Expired items are invisible to all of them. A call
//! that writes to a slot that another thread has locked waits for it, up to 10 seconds.

use super::*;

pub const MH_HTABLE_INTERFACE: &str = "mh.htable/1";

/// opaque; one table
#[repr(C)]
pub struct mh_htable {
    _opaque: [u8; 0],
}

/// opaque; one subscription
#[repr(C)]
pub struct mh_htable_follower {
    _opaque: [u8; 0],
}

/// Seconds until an item expires, in place of a number: what the table is defined with (autoexpire, updateexpire). 0 is
/// never. Tables without autoexpire have no expiry at all: there every number means never.
pub const MH_HTABLE_STANDARD: i32 = -1;
/// patterns look at keys
pub const MH_HTABLE_ON_KEY: u32 = 0;
/// patterns look at values that are text
pub const MH_HTABLE_ON_VALUE: u32 = 1;

/// An item as functions and call-backs show it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_htable_item {
    pub struct_size: u32,
    pub reserved: u32,
    pub key: mh_str,
    /// MH_INT or MH_STRING
    pub value: mh_value,
    /// seconds since 1970; 0: never
    pub expires_at: i64,
}
zeroed!(mh_htable_item);

/// Which items: an operator and its operand.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_htable_pattern {
    pub struct_size: u32,
    /// MH_HTABLE_ON_...
    pub on: u32,
    /// "re" POSIX extended without regard to case, "sw" starts, "ew" ends, "in" contains, "eq", "ne"
    pub op: mh_str,
    pub operand: mh_str,
}
zeroed!(mh_htable_pattern);

/// Hears of items, one after the other.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_htable_visitor {
    pub struct_size: u32,
    pub reserved: u32,
    pub ctx: *mut c_void,
    /// One item; a non-zero return ends the walk. It may change the table.
    /// (thread: caller) (phase: init+run+stop) (blocks: yes) (owns: item and its bytes are borrowed for the call)
    pub item: Option<unsafe extern "C" fn(ctx: *mut c_void, item: *const mh_htable_item) -> i32>,
}
zeroed!(mh_htable_visitor);

/// key, value, expires_at
pub const MH_HTABLE_SET: u32 = 1;
/// key, expires_at
pub const MH_HTABLE_EXPIRY: u32 = 2;
/// key
pub const MH_HTABLE_REMOVED: u32 = 3;
/// the whole table
pub const MH_HTABLE_FLUSHED: u32 = 4;
/// key, value, expires_at
pub const MH_HTABLE_EXPIRED: u32 = 5;

/// One change of a table.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_htable_change {
    pub struct_size: u32,
    /// MH_HTABLE_SET ... MH_HTABLE_EXPIRED
    pub kind: u32,
    pub table: mh_str,
    pub key: mh_str,
    /// MH_NULL where the change has none
    pub value: mh_value,
    /// seconds since 1970; 0: never
    pub expires_at: i64,
    /// milliseconds since 1970
    pub stamp: i64,
    /// of two changes of one key the greater came later, in whatever order they are told
    pub number: u64,
}
zeroed!(mh_htable_change);

/// every change, after it has happened
pub const MH_HTABLE_FOLLOW_CHANGES: u32 = 0x01;
/// items whose time is over, before they go: a new expiry in the call rescues one
pub const MH_HTABLE_FOLLOW_EXPIRED: u32 = 0x02;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_htable_follow {
    pub struct_size: u32,
    /// one of MH_HTABLE_FOLLOW_...
    pub flags: u32,
    pub ctx: *mut c_void,
    /// One change, on the thread that made it; expired items on a worker. No lock is held.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: change and its bytes are borrowed for the call)
    pub changed: Option<unsafe extern "C" fn(ctx: *mut c_void, change: *const mh_htable_change)>,
}
zeroed!(mh_htable_follow);

/// The table of functions. ctx is mh_interface_ref.ctx.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_htable_interface {
    pub struct_size: u32,
    pub reserved: u32,
    /// Finds a table of the config. MH_E_NOT_FOUND: there is none of that name.
    /// (thread: any) (phase: init+run) (blocks: no) (owns: name is borrowed; *table is valid until the caller's stop)
    pub open: Option<
        unsafe extern "C" fn(ctx: *mut c_void, name: mh_str, table: *mut *mut mh_htable, err: *const mh_error) -> i32,
    >,
    /// How many items there are. (thread: any) (phase: init+run+stop) (blocks: no) (owns: nothing)
    pub count: Option<unsafe extern "C" fn(ctx: *mut c_void, table: *mut mh_htable) -> i64>,
    /// Reads an item; its text goes into buffer, and item-\>value names it there. MH_E_NOT_FOUND: no such item. MH_E_LIMIT:
    /// buffer holds the first `size` bytes, item-\>value's length is what is needed.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: key and buffer are borrowed; *item names buffer)
    pub get: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_htable,
            key: mh_str,
            buffer: *mut c_void,
            size: usize,
            item: *mut mh_htable_item,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Sets an item, MH_INT or MH_STRING. MH_E_NO_SPACE: over the table's maxsize; MH_E_LIMIT: key or value over 16 MiB.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: key and value are borrowed)
    pub set: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_htable,
            key: mh_str,
            value: *const mh_value,
            seconds: i64,
            err: *const mh_error,
        ) -> i32,
    >,
    /// As set, with a moment in seconds since 1970, 0 for never: for replication. What is over already removes the item.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: key and value are borrowed)
    pub set_until: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_htable,
            key: mh_str,
            value: *const mh_value,
            expires_at: i64,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Sets an item if it is `expected` (MH_NULL: if there is none). MH_E_AGAIN: it is not, and stays as it is.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: key and values are borrowed)
    pub compare_and_set: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_htable,
            key: mh_str,
            expected: *const mh_value,
            value: *const mh_value,
            seconds: i64,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Adds to an integer in one step. MH_E_NOT_FOUND: missing, and the table has no initval; MH_E_INVALID: it is text;
    /// MH_E_LIMIT: the sum does not fit, the value stays.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: key is borrowed; *sum (may be NULL) is filled)
    pub add: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_htable,
            key: mh_str,
            amount: i64,
            sum: *mut i64,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Gives an item a new expiry. MH_E_NOT_FOUND: no such item; MH_E_UNSUPPORTED: the table has no autoexpire.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: key is borrowed)
    pub expire: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_htable,
            key: mh_str,
            seconds: i64,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Removes an item. MH_E_NOT_FOUND: there was none.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: key is borrowed)
    pub remove:
        Option<unsafe extern "C" fn(ctx: *mut c_void, table: *mut mh_htable, key: mh_str, err: *const mh_error) -> i32>,
    /// Removes all items. (thread: any) (phase: init+run+stop) (blocks: yes) (owns: nothing)
    pub flush: Option<unsafe extern "C" fn(ctx: *mut c_void, table: *mut mh_htable, err: *const mh_error) -> i32>,
    /// Walks the table: every item that stays in it meanwhile comes exactly once. pattern may be NULL: all.
    /// (thread: any) (phase: init+run+stop) (blocks: yes) (owns: pattern and visitor are borrowed for the call)
    pub match_: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_htable,
            pattern: *const mh_htable_pattern,
            visitor: *const mh_htable_visitor,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Removes the items that match; *removed (may be NULL) counts them.
    /// (thread: any) (phase: init+run+stop) (blocks: yes) (owns: pattern is borrowed)
    pub remove_matching: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_htable,
            pattern: *const mh_htable_pattern,
            removed: *mut i64,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Reads many items, several times faster than one by one. keys: array of mh_str. The visitor hears of those that are
    /// there, in the order of the keys. (thread: any) (phase: init+run+stop) (blocks: no)
    /// (owns: keys and visitor are borrowed for the call)
    pub get_batch: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_htable,
            keys: *const mh_array,
            visitor: *const mh_htable_visitor,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Sets many items. items: array of mh_htable_item, whose expires_at is not looked at. Ends at the first that fails;
    /// *stored (may be NULL) says how many of the first are set.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: items are borrowed for the call)
    pub set_batch: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_htable,
            items: *const mh_array,
            seconds: i64,
            stored: *mut u32,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Adds one amount to many integers. keys: array of mh_str; sums: room for as many, or NULL; a missing key without
    /// initval gives 0. Ends at the first that fails. (thread: any) (phase: init+run+stop) (blocks: no)
    /// (owns: keys are borrowed; sums are filled)
    pub add_batch: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_htable,
            keys: *const mh_array,
            amount: i64,
            sums: *mut i64,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Locks a key's slot for the calling thread, once more if it has it. site says where, for messages. MH_E_BUSY: it
    /// would dead-lock; MH_E_TIMEOUT: somebody keeps it. (thread: any) (phase: init+run+stop) (blocks: yes)
    /// (owns: key and site are borrowed)
    pub lock: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_htable,
            key: mh_str,
            site: mh_str,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Gives it back. MH_E_STATE: this thread does not have it.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: key and site are borrowed)
    pub unlock: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_htable,
            key: mh_str,
            site: mh_str,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Follows a table. (thread: any) (phase: init+run) (blocks: no)
    /// (owns: follow is copied, its ctx lent until unfollow; *follower is the module's until unfollow)
    pub follow: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            table: *mut mh_htable,
            follow: *const mh_htable_follow,
            follower: *mut *mut mh_htable_follower,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Ends it; a call that another thread is in may still come to its end.
    /// (thread: any) (phase: run+stop) (blocks: no) (owns: follower is void afterwards)
    pub unfollow: Option<unsafe extern "C" fn(ctx: *mut c_void, follower: *mut mh_htable_follower)>,
}
zeroed!(mh_htable_interface);
