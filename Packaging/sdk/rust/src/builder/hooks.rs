//! The hooks as closures, the module's state, and the C functions that call the one with the other.

use crate::failure::{contained, guarded, Failure};
use crate::sys::*;
use crate::Host;
use std::ffi::c_void;
use std::sync::{Arc, PoisonError, RwLock};

type Start<S> = Box<dyn Fn(&Host) -> Result<S, Failure> + Send + Sync>;
type OnWorker<S, R> = Box<dyn Fn(&S, u32) -> R + Send + Sync>;
type OnMain<S, R> = Box<dyn Fn(&S) -> R + Send + Sync>;

pub(crate) struct Hooks<S> {
    pub start: Option<Start<S>>,
    pub worker_start: Option<OnWorker<S, Result<(), Failure>>>,
    pub worker_stop: Option<OnWorker<S, ()>>,
    pub reopen: Option<OnMain<S, Result<(), Failure>>>,
    pub drain: Option<OnMain<S, ()>>,
    pub stop: Option<OnMain<S, ()>>,
    /// There from `init` to `stop`.
    running: RwLock<Option<Running<S>>>,
}

struct Running<S> {
    state: Arc<S>,
    host: Host,
}

impl<S> Default for Hooks<S> {
    fn default() -> Self {
        Self {
            start: None,
            worker_start: None,
            worker_stop: None,
            reopen: None,
            drain: None,
            stop: None,
            running: RwLock::new(None),
        }
    }
}

impl<S: Send + Sync + 'static> Hooks<S> {
    /// Sets the functions of the hooks that there are; `init` and `stop` always.
    pub fn install(&'static self, descriptor: &mut mh_module) {
        descriptor.ctx = self as *const Self as *mut c_void;
        descriptor.init = Some(init::<S>);
        descriptor.stop = Some(stop::<S>);
        if self.worker_start.is_some() {
            descriptor.worker_start = Some(worker_start::<S>);
        }
        if self.worker_stop.is_some() {
            descriptor.worker_stop = Some(worker_stop::<S>);
        }
        if self.reopen.is_some() {
            descriptor.reopen = Some(reopen::<S>);
        }
        if self.drain.is_some() {
            descriptor.drain = Some(drain::<S>);
        }
    }
}

impl<S> Hooks<S> {
    /// The module's state; `None` before `init` and after `stop`.
    pub fn state(&self) -> Option<Arc<S>> {
        let running = self.running.read().unwrap_or_else(PoisonError::into_inner);
        running.as_ref().map(|running| running.state.clone())
    }

    fn host(&self) -> Option<Host> {
        let running = self.running.read().unwrap_or_else(PoisonError::into_inner);
        running.as_ref().map(|running| running.host)
    }

    fn replace(&self, running: Option<Running<S>>) -> Option<Running<S>> {
        let mut place = self.running.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *place, running)
    }

    /// Runs a hook that has no sink; what it panics with is logged.
    fn quietly(&self, hook: &str, body: impl FnOnce(&S)) {
        let host = self.host();
        let outcome = contained(|| {
            if let Some(state) = self.state() {
                body(&state)
            }
        });
        if let (Err(panic), Some(host)) = (outcome, host) {
            host.error(format_args!("{hook} panicked: {panic}"));
        }
    }
}

unsafe fn hooks<'a, S>(ctx: *mut c_void) -> &'a Hooks<S> {
    &*(ctx as *const Hooks<S>)
}

unsafe extern "C" fn init<S>(ctx: *mut c_void, host: *const mh_host, err: *const mh_error) -> i32 {
    guarded(err, || {
        let hooks = hooks::<S>(ctx);
        let host = Host::new(host)?;
        if let Some(start) = &hooks.start {
            let state = Arc::new(start(&host)?);
            hooks.replace(Some(Running { state, host }));
        }
        Ok(MH_OK)
    })
}

unsafe extern "C" fn worker_start<S>(ctx: *mut c_void, worker: u32, err: *const mh_error) -> i32 {
    guarded(err, || {
        let hooks = hooks::<S>(ctx);
        if let (Some(run), Some(state)) = (&hooks.worker_start, hooks.state()) {
            run(&state, worker)?;
        }
        Ok(MH_OK)
    })
}

unsafe extern "C" fn worker_stop<S>(ctx: *mut c_void, worker: u32) {
    let hooks = hooks::<S>(ctx);
    if let Some(run) = &hooks.worker_stop {
        hooks.quietly("worker_stop", |state| run(state, worker));
    }
}

unsafe extern "C" fn reopen<S>(ctx: *mut c_void, err: *const mh_error) -> i32 {
    guarded(err, || {
        let hooks = hooks::<S>(ctx);
        if let (Some(run), Some(state)) = (&hooks.reopen, hooks.state()) {
            run(&state)?;
        }
        Ok(MH_OK)
    })
}

unsafe extern "C" fn drain<S>(ctx: *mut c_void) {
    let hooks = hooks::<S>(ctx);
    if let Some(run) = &hooks.drain {
        hooks.quietly("drain", |state| run(state));
    }
}

unsafe extern "C" fn stop<S>(ctx: *mut c_void) {
    let hooks = hooks::<S>(ctx);
    if let Some(run) = &hooks.stop {
        hooks.quietly("stop", |state| run(state));
    }
    let last = hooks.replace(None);
    let host = last.as_ref().map(|running| running.host);
    if let (Err(panic), Some(host)) = (contained(|| drop(last)), host) {
        host.error(format_args!("dropping the module's state panicked: {panic}"));
    }
}
