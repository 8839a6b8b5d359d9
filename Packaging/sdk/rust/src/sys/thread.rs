//! modhost/thread.h: service "mh.thread/1": which thread is this.
//!
//! Index 0 is main, 1...N are the workers, N+1 is management, N+2... are pool threads; a thread that a module started
//! itself gets an index of its own at its first call, from the same sequence, and gives it back when it ends. The
//! index is what Kamailio calls the process number.

use super::*;

pub const MH_THREAD_MAIN: u32 = 0;
pub const MH_THREAD_WORKER: u32 = 1;
pub const MH_THREAD_MANAGEMENT: u32 = 2;
pub const MH_THREAD_POOL: u32 = 3;
pub const MH_THREAD_FOREIGN: u32 = 4;
/// more threads than `limit`: this one has no index
pub const MH_THREAD_NONE: u32 = 0xFFFFFFFF;
pub const MH_THREAD_SERVICE: &str = "mh.thread/1";

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_thread_service {
    pub struct_size: u32,
    pub reserved: u32,
    /// The calling thread's index; stable for its life; costs a thread-local load.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: nothing)
    pub index: Option<unsafe extern "C" fn(self_: *mut mh_self) -> u32>,
    /// The calling thread's kind, MH_THREAD_MAIN ... MH_THREAD_FOREIGN.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: nothing)
    pub kind: Option<unsafe extern "C" fn(self_: *mut mh_self) -> u32>,
    /// How many workers there are, N; their indexes are 1...N.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: nothing)
    pub workers: Option<unsafe extern "C" fn(self_: *mut mh_self) -> u32>,
    /// One more than the greatest index that any thread can get; fixed for the process, so per-thread tables can be
    /// made in init.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: nothing)
    pub limit: Option<unsafe extern "C" fn(self_: *mut mh_self) -> u32>,
}
zeroed!(mh_thread_service);
