//! modhost/timestore.h: the interface "mh.timestore/1": records of time and value by UUID, as module timestore keeps them.
//!
//! A consumer requires "mh.timestore/1" with selector "timestore" and acquires it in init. Records travel as on timestore's
//! wire and in its files, 8 bytes each: a time, uint32_t, seconds since 1970, then a value, IEEE-754 single, both
//! little-endian. A UUID is 36 characters, 8-4-4-4-12 hexadecimal digits. The functions wait for the worker that owns the
//! series, and for the disk where `sync` says so: on a worker they answer MH_E_STATE, call them from mh.loop/1 offload
//! there.

use super::*;

pub const MH_TIMESTORE_INTERFACE: &str = "mh.timestore/1";

/// Which records to read, and who gets them.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_timestore_range {
    pub struct_size: u32,
    pub reserved: u32,
    pub uuid: mh_str,
    /// seconds since 1970; both ends are included
    pub start: u32,
    pub end: u32,
    pub ctx: *mut c_void,
    /// Some of the records, in ascending order of time, those of equal time as they were stored; bytes is a multiple of 8
    /// long. A non-zero return ends the reading. (thread: caller) (phase: run) (blocks: yes)
    /// (owns: bytes are borrowed for the call)
    pub records: Option<unsafe extern "C" fn(ctx: *mut c_void, bytes: mh_str) -> i32>,
}
zeroed!(mh_timestore_range);

/// The table of functions. ctx is that of the interface.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_timestore_interface {
    pub struct_size: u32,
    pub reserved: u32,
    /// Stores records, in any order of time; bytes is a multiple of 8 long. When it answers MH_OK all are as safe as `sync`
    /// promises; *stored (may be NULL) says how many of the first are stored, also after an error.
    /// (thread: any) (phase: run) (blocks: yes) (owns: uuid and bytes are borrowed for the call)
    pub append: Option<
        unsafe extern "C" fn(ctx: *mut c_void, uuid: mh_str, bytes: mh_str, stored: *mut u64, err: *const mh_error) -> i32,
    >,
    /// Reads a range in pieces; *found (may be NULL) is the number of its records, known before the first piece comes.
    /// (thread: any) (phase: run) (blocks: yes) (owns: range is borrowed for the call)
    pub read: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            range: *const mh_timestore_range,
            found: *mut u64,
            err: *const mh_error,
        ) -> i32,
    >,
}
zeroed!(mh_timestore_interface);
