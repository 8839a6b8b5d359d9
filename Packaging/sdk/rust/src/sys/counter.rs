//! modhost/counter.h: service "mh.counter/1": named counters and gauges, shown by get_statistics as `module:name = value`.

use super::*;

/// only grows; reset_statistics sets it to 0
pub const MH_COUNTER: u32 = 0;
/// goes up and down; never reset
pub const MH_GAUGE: u32 = 1;

/// opaque; torn down with the module
#[repr(C)]
pub struct mh_counter {
    _opaque: [u8; 0],
}

pub const MH_COUNTER_SERVICE: &str = "mh.counter/1";

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_counter_service {
    pub struct_size: u32,
    pub reserved: u32,
    /// Makes a counter, or finds the one of that name that this module made before. Names: \[A-Za-z0-9_.:-\]+, at most
    /// 128 bytes.
    /// (thread: any) (phase: init+run) (blocks: no) (owns: name and help are copied; the counter is the host's)
    pub create: Option<
        unsafe extern "C" fn(
            self_: *mut mh_self,
            kind: u32,
            name: mh_str,
            help: mh_str,
            counter: *mut *mut mh_counter,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Makes a gauge whose value is computed when somebody asks: read runs on any thread and must not block.
    /// (thread: any) (phase: init+run) (blocks: no) (owns: name and help are copied; ctx stays the module's)
    pub create_computed: Option<
        unsafe extern "C" fn(
            self_: *mut mh_self,
            name: mh_str,
            help: mh_str,
            read: Option<unsafe extern "C" fn(ctx: *mut c_void) -> i64>,
            ctx: *mut c_void,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Adds to it; one atomic addition without a lock. NULL counter: nothing happens.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: nothing)
    pub add: Option<unsafe extern "C" fn(counter: *mut mh_counter, amount: i64)>,
    /// Sets a gauge. (thread: any) (phase: init+run+stop) (blocks: no) (owns: nothing)
    pub set: Option<unsafe extern "C" fn(counter: *mut mh_counter, value: i64)>,
    /// Reads it. (thread: any) (phase: init+run+stop) (blocks: no) (owns: nothing)
    pub get: Option<unsafe extern "C" fn(counter: *mut mh_counter) -> i64>,
}
zeroed!(mh_counter_service);
