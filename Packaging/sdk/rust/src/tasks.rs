//! Timers, posted work, and work that may block.

use crate::failure::{check, contained, Failure};
use crate::host::{absent, Host, Worker};
use crate::sys::*;
use std::ffi::c_void;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// A timer under way. Dropping this does not end it; the host ends what is left when the module stops.
#[derive(Clone)]
pub struct Task {
    slot: Arc<Slot>,
    host: Host,
}

impl Task {
    /// Ends the timer; nothing if it has ended. Any thread.
    pub fn cancel(&self) {
        let mut raw = lock(&self.slot.raw);
        if raw.is_null() {
            return;
        }
        *lock(&self.slot.canceller) = Some(thread::current().id());
        if let Some(cancel) = self.host.loops.cancel {
            unsafe { cancel(*raw) };
        }
        *raw = std::ptr::null_mut();
        *lock(&self.slot.canceller) = None;
    }
}

/// The host's task for as long as it is valid. Whoever cancels holds `raw` while it does, so that the task does not become void
/// under its hands; where `gone` comes within that call, on the same thread, it sees itself in `canceller`.
struct Slot {
    raw: Mutex<*mut mh_task>,
    canceller: Mutex<Option<ThreadId>>,
}

// The pointer is looked at under the lock, and its functions are for any thread.
unsafe impl Send for Slot {}
unsafe impl Sync for Slot {}

impl Slot {
    fn is_gone(&self) {
        if *lock(&self.canceller) == Some(thread::current().id()) {
            return;
        }
        *lock(&self.raw) = std::ptr::null_mut();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Timer {
    fire: Box<dyn FnMut() + Send>,
    slot: Arc<Slot>,
    host: Host,
}

unsafe extern "C" fn timer_fire(ctx: *mut c_void) {
    let timer = &mut *(ctx as *mut Timer);
    if let Err(panic) = contained(|| (timer.fire)()) {
        timer.host.error(format_args!("a timer panicked: {panic}"));
    }
}

unsafe extern "C" fn timer_gone(ctx: *mut c_void) {
    let timer = Box::from_raw(ctx as *mut Timer);
    timer.slot.is_gone();
    let host = timer.host;
    if let Err(panic) = contained(|| drop(timer)) {
        host.error(format_args!("dropping a timer panicked: {panic}"));
    }
}

type Once = Box<dyn FnOnce() + Send>;

struct Posted {
    run: Once,
    host: Host,
}

unsafe extern "C" fn posted_run(ctx: *mut c_void) {
    let Posted { run, host } = *Box::from_raw(ctx as *mut Posted);
    if let Err(panic) = contained(run) {
        host.error(format_args!("posted work panicked: {panic}"));
    }
}

struct Offloaded {
    work: Option<Once>,
    done: Option<Once>,
    host: Host,
}

unsafe extern "C" fn offloaded_work(ctx: *mut c_void) {
    let offloaded = &mut *(ctx as *mut Offloaded);
    if let Some(Err(panic)) = offloaded.work.take().map(contained) {
        offloaded.host.error(format_args!("offloaded work panicked: {panic}"));
    }
}

unsafe extern "C" fn offloaded_done(ctx: *mut c_void) {
    let mut offloaded = Box::from_raw(ctx as *mut Offloaded);
    if let Some(Err(panic)) = offloaded.done.take().map(contained) {
        offloaded
            .host
            .error(format_args!("what follows offloaded work panicked: {panic}"));
    }
}

fn nanoseconds(duration: Duration) -> i64 {
    duration.as_nanos().min(i64::MAX as u128) as i64
}

impl Host {
    /// The monotonic clock, nanoseconds.
    pub fn now(&self) -> i64 {
        self.loops.now.map_or(0, |now| unsafe { now(self.module) })
    }

    /// Starts a timer on a worker: after `first`, and then at every `interval` unless that is `None`. From `on_init` to the
    /// drain.
    pub fn timer(
        &self,
        worker: Worker,
        first: Duration,
        interval: Option<Duration>,
        fire: impl FnMut() + Send + 'static,
    ) -> Result<Task, Failure> {
        let start = self.loops.timer.ok_or_else(absent)?;
        let slot = Arc::new(Slot {
            raw: Mutex::new(std::ptr::null_mut()),
            canceller: Mutex::new(None),
        });
        let timer = Box::into_raw(Box::new(Timer {
            fire: Box::new(fire),
            slot: slot.clone(),
            host: *self,
        }));
        let options = mh_timer_options {
            worker: worker.raw(),
            first: nanoseconds(first),
            interval: interval.map_or(0, |interval| nanoseconds(interval).max(1)),
            ctx: timer as *mut c_void,
            fire: Some(timer_fire),
            gone: Some(timer_gone),
            ..mh_timer_options::sized()
        };
        // Held while the host starts it: a timer that is over at once waits with its `gone` until the pointer is here.
        let mut raw = lock(&slot.raw);
        let started = check(|err| unsafe { start(self.module, &options, &mut *raw, err) });
        drop(raw);
        match started {
            Ok(_) => Ok(Task { slot, host: *self }),
            Err(failure) => {
                drop(unsafe { Box::from_raw(timer) });
                Err(failure)
            }
        }
    }

    /// Runs something on a worker, or on main, soon and in order of posting. An error after the workers have ended.
    pub fn post(&self, worker: Worker, run: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
        let post = self.loops.post.ok_or_else(absent)?;
        let posted = Box::into_raw(Box::new(Posted {
            run: Box::new(run),
            host: *self,
        }));
        let code = unsafe { post(self.module, worker.raw(), Some(posted_run), posted as *mut c_void) };
        if code < 0 {
            drop(unsafe { Box::from_raw(posted) });
            return Err(Failure::new(
                code,
                "nothing can be posted: the workers have ended, or there is no such worker",
            ));
        }
        Ok(())
    }

    /// Runs blocking work on a pool thread, then `done` on a worker.
    pub fn offload(
        &self,
        work: impl FnOnce() + Send + 'static,
        worker: Worker,
        done: impl FnOnce() + Send + 'static,
    ) -> Result<(), Failure> {
        let offload = self.loops.offload.ok_or_else(absent)?;
        let offloaded = Offloaded {
            work: Some(Box::new(work)),
            done: Some(Box::new(done)),
            host: *self,
        };
        let ctx = Box::into_raw(Box::new(offloaded));
        let options = mh_offload_options {
            worker: worker.raw(),
            ctx: ctx as *mut c_void,
            work: Some(offloaded_work),
            done: Some(offloaded_done),
            ..mh_offload_options::sized()
        };
        match check(|err| unsafe { offload(self.module, &options, err) }) {
            Ok(_) => Ok(()),
            Err(failure) => {
                drop(unsafe { Box::from_raw(ctx) });
                Err(failure)
            }
        }
    }
}
