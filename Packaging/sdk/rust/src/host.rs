//! What the host lends: the log, counters, settings, the tables of other modules. Timers and posted work are in `tasks`.

use crate::failure::{check, contained, Failure};
use crate::sys::*;
use crate::{Counter, Scalar, Value};
use std::ffi::c_void;
use std::fmt::Display;
use std::sync::atomic::{AtomicI32, Ordering};

/// How grave a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Error,
    Warning,
    Notice,
    Info,
    Debug,
}

impl Level {
    fn raw(self) -> i32 {
        match self {
            Self::Error => MH_LOG_ERROR,
            Self::Warning => MH_LOG_WARNING,
            Self::Notice => MH_LOG_NOTICE,
            Self::Info => MH_LOG_INFO,
            Self::Debug => MH_LOG_DEBUG,
        }
    }
}

/// Where something runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worker {
    /// The host picks a worker, in turn.
    Any,
    /// The calling worker.
    Current,
    /// The main thread; for posted and offloaded work only.
    Main,
    /// The management thread; for timers only.
    Management,
    /// The worker of that thread index, 1 to [`Host::workers`].
    Number(u32),
}

impl Worker {
    pub(crate) fn raw(self) -> u32 {
        match self {
            Self::Any => MH_WORKER_ANY,
            Self::Current => MH_WORKER_CURRENT,
            Self::Main => MH_MAIN_THREAD,
            Self::Management => MH_WORKER_MANAGEMENT,
            Self::Number(number) => number,
        }
    }
}

/// The host, from `on_init` to the end of the stop: free to copy, and to use from any thread as each function allows.
#[derive(Clone, Copy)]
pub struct Host {
    pub(crate) module: *mut mh_self,
    query: unsafe extern "C" fn(*mut mh_self, mh_str, usize) -> *const c_void,
    log: &'static mh_log_service,
    level: *const AtomicI32,
    counters: &'static mh_counter_service,
    pub(crate) loops: &'static mh_loop_service,
    threads: &'static mh_thread_service,
    parameters: &'static mh_param_service,
    interfaces: &'static mh_interface_service,
}

// The module handle and the tables are the host's until the process ends, and their functions are for any thread.
unsafe impl Send for Host {}
unsafe impl Sync for Host {}

impl Host {
    /// # Safety
    /// `host` is what the host gave to `init`.
    pub(crate) unsafe fn new(host: *const mh_host) -> Result<Self, Failure> {
        let host = host
            .as_ref()
            .ok_or_else(|| Failure::new(MH_E_ABI, "the host gave nothing to init"))?;
        let query = host
            .query
            .ok_or_else(|| Failure::new(MH_E_ABI, "the host offers no services"))?;
        let module = host.self_;
        let log: &'static mh_log_service = table(module, query, MH_LOG_SERVICE)?;
        Ok(Self {
            module,
            query,
            log,
            level: log.level.map_or(std::ptr::null(), |level| level(module)) as *const AtomicI32,
            counters: table(module, query, MH_COUNTER_SERVICE)?,
            loops: table(module, query, MH_LOOP_SERVICE)?,
            threads: table(module, query, MH_THREAD_SERVICE)?,
            parameters: table(module, query, MH_PARAM_SERVICE)?,
            interfaces: table(module, query, MH_INTERFACE_SERVICE)?,
        })
    }

    /// The module's handle, first argument of every function of a service table.
    pub fn module(&self) -> *mut mh_self {
        self.module
    }

    /// A service that has no safe form here, such as `mh.net/1`; `None` when the host has none of that name or its table
    /// is shorter than `T`.
    ///
    /// # Safety
    /// `T` is the struct that modhost's header has for that id.
    pub unsafe fn service<T: 'static>(&self, id: &str) -> Option<&'static T> {
        table(self.module, self.query, id).ok()
    }

    // ---- the log ----

    /// Whether a line of that level would be written; costs one load.
    pub fn is_enabled(&self, level: Level) -> bool {
        let limit = unsafe { self.level.as_ref() }.map_or(MH_LOG_DEBUG, |limit| limit.load(Ordering::Relaxed));
        level.raw() <= limit
    }

    /// Writes a line; the text is made only when somebody wants it: `host.log(Level::Info, format_args!("{count} rows"))`.
    pub fn log(&self, level: Level, text: impl Display) {
        self.log_with(level, text, &[])
    }

    /// Writes a line with fields.
    pub fn log_with(&self, level: Level, text: impl Display, fields: &[(&str, Scalar)]) {
        let write = match self.log.write {
            Some(write) if self.is_enabled(level) => write,
            _ => return,
        };
        let text = text.to_string();
        let fields: Vec<mh_log_field> = fields
            .iter()
            .map(|(name, value)| mh_log_field {
                name: mh_str::borrow(name.as_bytes()),
                value: value.raw(),
                ..mh_log_field::sized()
            })
            .collect();
        unsafe {
            write(
                self.module,
                level.raw(),
                mh_str::borrow(text.as_bytes()),
                &mh_array::borrow(&fields),
            )
        }
    }

    pub fn error(&self, text: impl Display) {
        self.log(Level::Error, text)
    }

    pub fn warning(&self, text: impl Display) {
        self.log(Level::Warning, text)
    }

    pub fn notice(&self, text: impl Display) {
        self.log(Level::Notice, text)
    }

    pub fn info(&self, text: impl Display) {
        self.log(Level::Info, text)
    }

    pub fn debug(&self, text: impl Display) {
        self.log(Level::Debug, text)
    }

    // ---- counters ----

    /// Makes the counter `module:name`, or finds it when it was made before.
    pub fn counter(&self, name: &str, help: &str) -> Result<Counter, Failure> {
        self.make(MH_COUNTER, name, help)
    }

    /// Makes the gauge `module:name`, which goes up and down.
    pub fn gauge(&self, name: &str, help: &str) -> Result<Counter, Failure> {
        self.make(MH_GAUGE, name, help)
    }

    fn make(&self, kind: u32, name: &str, help: &str) -> Result<Counter, Failure> {
        let create = self.counters.create.ok_or_else(absent)?;
        let (name, help) = (mh_str::borrow(name.as_bytes()), mh_str::borrow(help.as_bytes()));
        let mut raw = std::ptr::null_mut();
        check(|err| unsafe { create(self.module, kind, name, help, &mut raw, err) })?;
        Ok(Counter {
            raw,
            service: self.counters,
        })
    }

    /// Makes a gauge that is computed when somebody asks, on the thread that asks; it must not block.
    pub fn computed_gauge(
        &self,
        name: &str,
        help: &str,
        read: impl Fn() -> i64 + Send + Sync + 'static,
    ) -> Result<(), Failure> {
        type Read = Box<dyn Fn() -> i64 + Send + Sync>;
        unsafe extern "C" fn call(ctx: *mut c_void) -> i64 {
            contained(|| (*(ctx as *const Read))()).unwrap_or(0)
        }
        let create = self.counters.create_computed.ok_or_else(absent)?;
        let read: Read = Box::new(read);
        let ctx = Box::into_raw(Box::new(read));
        let (name, help) = (mh_str::borrow(name.as_bytes()), mh_str::borrow(help.as_bytes()));
        let made = check(|err| unsafe { create(self.module, name, help, Some(call), ctx as *mut c_void, err) });
        if made.is_err() {
            drop(unsafe { Box::from_raw(ctx) });
        }
        made.map(|_| ())
    }

    // ---- settings ----

    /// A parameter of this module as it stands: null when it is not set and has no default, or when there is none of that
    /// name.
    pub fn parameter(&self, name: &str) -> Result<Value, Failure> {
        let get = self.parameters.get.ok_or_else(absent)?;
        let mut value = mh_value::default();
        match unsafe { get(self.module, mh_str::borrow(name.as_bytes()), &mut value) } {
            MH_E_NOT_FOUND => Ok(Value::Null),
            code if code < 0 => Err(Failure::new(code, format!("the parameter \"{name}\" cannot be read"))),
            _ => Ok(unsafe { Value::copy(&value) }),
        }
    }

    /// A setting of the host: "run_dir", "workers", "config_file", "host_name"; `None` when it has none of that name.
    pub fn setting(&self, name: &str) -> Option<Value> {
        let core = self.parameters.core?;
        let mut value = mh_value::default();
        match unsafe { core(self.module, mh_str::borrow(name.as_bytes()), &mut value) } {
            code if code < 0 => None,
            _ => Some(unsafe { Value::copy(&value) }),
        }
    }

    // ---- other modules ----

    /// The table that another module provides, and its context, the first argument of its functions. The module must name it
    /// in `requires`. Valid until this module has stopped.
    ///
    /// # Safety
    /// `T` is the struct that modhost's header has for that id.
    pub unsafe fn acquire<T: 'static>(&self, id: &str, selector: &str) -> Result<(&'static T, *mut c_void), Failure> {
        let acquire = self.interfaces.acquire.ok_or_else(absent)?;
        let (name, which) = (mh_str::borrow(id.as_bytes()), mh_str::borrow(selector.as_bytes()));
        let mut found = mh_interface_ref::sized();
        check(|err| acquire(self.module, name, which, std::mem::size_of::<T>(), &mut found, err))?;
        match (found.table as *const T).as_ref() {
            Some(table) => Ok((table, found.ctx)),
            None => Err(Failure::new(MH_E_ABI, format!("{id} has an empty table"))),
        }
    }

    // ---- threads ----

    /// The calling thread's index: 0 main, 1 to `workers` the workers.
    pub fn thread_index(&self) -> u32 {
        self.threads
            .index
            .map_or(MH_THREAD_NONE, |index| unsafe { index(self.module) })
    }

    /// How many workers there are.
    pub fn workers(&self) -> u32 {
        self.threads.workers.map_or(1, |workers| unsafe { workers(self.module) })
    }
}

pub(crate) fn absent() -> Failure {
    Failure::new(
        MH_E_ABI,
        "this host has a service without the function that is needed; install a newer modhost",
    )
}

unsafe fn table<T: 'static>(
    module: *mut mh_self,
    query: unsafe extern "C" fn(*mut mh_self, mh_str, usize) -> *const c_void,
    id: &str,
) -> Result<&'static T, Failure> {
    let found = query(module, mh_str::borrow(id.as_bytes()), std::mem::size_of::<T>());
    (found as *const T)
        .as_ref()
        .ok_or_else(|| Failure::new(MH_E_ABI, format!("this host does not offer {id} in the size that is needed")))
}
