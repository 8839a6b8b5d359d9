//! modhost/loop.h: service "mh.loop/1": timers, descriptors, work for a worker, and work that may block.
//!
//! A worker runs one callback at a time, so what lives on one worker needs no lock. Timers and watches are tasks: `cancel`
//! may come from any thread; after it exactly one `gone` arrives on the task's worker, and nothing after that. Tasks
//! that are left when the module stops are cancelled by the host.

use super::*;

/// the host picks one, in turn
pub const MH_WORKER_ANY: u32 = 0xFFFFFFFF;
/// the calling worker; MH_E_STATE on another thread
pub const MH_WORKER_CURRENT: u32 = 0xFFFFFFFE;
/// the management thread's loop: for transports, whose requests then need no hop
pub const MH_WORKER_MANAGEMENT: u32 = 0xFFFFFFFD;
/// for post only
pub const MH_MAIN_THREAD: u32 = 0;
pub const MH_WATCH_READ: u32 = 0x01;
pub const MH_WATCH_WRITE: u32 = 0x02;
/// reported, never asked for: error or hang-up
pub const MH_WATCH_ERROR: u32 = 0x04;

/// opaque; valid until its gone has returned
#[repr(C)]
pub struct mh_task {
    _opaque: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_timer_options {
    pub struct_size: u32,
    /// 1...N, MH_WORKER_ANY, MH_WORKER_CURRENT or MH_WORKER_MANAGEMENT
    pub worker: u32,
    /// nanoseconds from now, 0 or more
    pub first: i64,
    /// nanoseconds; 0: once. Ticks that were missed are not made up for
    pub interval: i64,
    pub ctx: *mut c_void,
    /// Runs at each tick. (thread: worker) (phase: run) (blocks: no) (owns: nothing)
    pub fire: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
    /// Runs once, last: after cancel, or after the one tick of a single timer; frees ctx. May be NULL.
    /// (thread: worker) (phase: run+stop) (blocks: no) (owns: nothing)
    pub gone: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
}
zeroed!(mh_timer_options);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_watch_options {
    pub struct_size: u32,
    pub worker: u32,
    /// stays the module's, which must keep it open until gone
    pub descriptor: i32,
    /// MH_WATCH_READ, MH_WATCH_WRITE or both; level-triggered
    pub events: u32,
    pub ctx: *mut c_void,
    /// Runs whenever the descriptor is ready, until cancelled. (thread: worker) (phase: run) (blocks: no) (owns: nothing)
    pub ready: Option<unsafe extern "C" fn(ctx: *mut c_void, events: u32)>,
    /// Runs once, last, after cancel; may be NULL. (thread: worker) (phase: run+stop) (blocks: no) (owns: nothing)
    pub gone: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
}
zeroed!(mh_watch_options);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_offload_options {
    pub struct_size: u32,
    /// where done runs: 1...N, MH_WORKER_ANY, MH_WORKER_CURRENT or MH_MAIN_THREAD
    pub worker: u32,
    pub ctx: *mut c_void,
    /// Does the blocking work. (thread: any) (phase: run+stop) (blocks: yes) (owns: nothing)
    pub work: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
    /// Runs afterwards; may be NULL. (thread: worker) (phase: run+stop) (blocks: no) (owns: nothing)
    pub done: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
}
zeroed!(mh_offload_options);

pub const MH_LOOP_SERVICE: &str = "mh.loop/1";

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_loop_service {
    pub struct_size: u32,
    pub reserved: u32,
    /// The monotonic clock, nanoseconds. (thread: any) (phase: init+run+stop) (blocks: no) (owns: nothing)
    pub now: Option<unsafe extern "C" fn(self_: *mut mh_self) -> i64>,
    /// Starts a timer. (thread: any) (phase: init+run) (blocks: no)
    /// (owns: options are copied; *task (may be NULL) is the host's)
    pub timer: Option<
        unsafe extern "C" fn(
            self_: *mut mh_self,
            options: *const mh_timer_options,
            task: *mut *mut mh_task,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Watches a descriptor. (thread: any) (phase: init+run) (blocks: no) (owns: options are copied; *task is the host's)
    pub watch: Option<
        unsafe extern "C" fn(
            self_: *mut mh_self,
            options: *const mh_watch_options,
            task: *mut *mut mh_task,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Changes what a watch waits for; 0 pauses it. (thread: worker) (phase: run) (blocks: no) (owns: nothing)
    pub watch_events: Option<unsafe extern "C" fn(task: *mut mh_task, events: u32) -> i32>,
    /// Ends a timer or watch; `gone` follows exactly once. A second cancel does nothing.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: the task is void after gone)
    pub cancel: Option<unsafe extern "C" fn(task: *mut mh_task)>,
    /// Calls run(ctx) on a worker, or on main (0), soon and in order of posting; on a worker it must not block.
    /// MH_E_STATE after the workers have ended; then nothing runs.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: ctx stays the module's)
    pub post: Option<
        unsafe extern "C" fn(
            self_: *mut mh_self,
            worker: u32,
            run: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
            ctx: *mut c_void,
        ) -> i32,
    >,
    /// Runs blocking work on a pool thread, then `done` on a worker. A module's stop begins after its work is done.
    /// (thread: any) (phase: init+run) (blocks: no) (owns: options are copied; ctx stays the module's)
    pub offload:
        Option<unsafe extern "C" fn(self_: *mut mh_self, options: *const mh_offload_options, err: *const mh_error) -> i32>,
}
zeroed!(mh_loop_service);
