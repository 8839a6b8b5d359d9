//! Following tables, and the thread that writes.

use crate::json::Object;
use crate::output::{Output, Place};
use crate::queue::Queue;
use modhost::sys::*;
use modhost::{check, contained, Counter, Failure, Host};
use std::collections::VecDeque;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long after a failure the output is tried again.
const PAUSE: Duration = Duration::from_millis(500);
/// How long the writer sleeps when there is nothing to do; whatever happens wakes it.
const REST: Duration = Duration::from_secs(60);

/// What the followers, the writer and the commands share.
struct Shared {
    host: Host,
    place: Place,
    queue: Queue,
    is_ready: AtomicBool,
    wants_reopen: AtomicBool,
    written: Counter,
    lost: Counter,
}

/// The module's state.
pub struct Feed {
    shared: Arc<Shared>,
    tables: Tables,
    writer: Mutex<Option<JoinHandle<()>>>,
}

pub struct Standing {
    pub output: String,
    pub is_ready: bool,
    pub written: i64,
    pub waiting: i64,
    pub lost: i64,
}

/// The interface of htable, and our subscriptions with it.
struct Tables {
    table: &'static mh_htable_interface,
    ctx: *mut c_void,
    followers: Vec<*mut mh_htable_follower>,
}

// htable's functions are for any thread, and the pointers stay valid until this module has stopped.
unsafe impl Send for Tables {}
unsafe impl Sync for Tables {}

impl Feed {
    pub fn start(host: &Host, names: &[String], place: Place, room: usize) -> Result<Self, Failure> {
        // Sound: that is the table which modhost/htable.h describes under this id.
        let (table, ctx) = unsafe { host.acquire::<mh_htable_interface>(MH_HTABLE_INTERFACE, "htable")? };
        let shared = Arc::new(Shared {
            host: *host,
            place,
            queue: Queue::new(room),
            is_ready: AtomicBool::new(false),
            wants_reopen: AtomicBool::new(false),
            written: host.counter("written", "lines that were written")?,
            lost: host.counter("lost", "changes that found the queue full")?,
        });
        let mut tables = Tables {
            table,
            ctx,
            followers: Vec::new(),
        };
        for name in names {
            if let Err(failure) = tables.follow(name, &shared) {
                tables.unfollow();
                return Err(failure);
            }
        }
        let writing = shared.clone();
        let writer = thread::Builder::new().name("htable-feed".to_string()).spawn(move || {
            let host = writing.host;
            if let Err(panic) = contained(|| Writer::new(&writing).run()) {
                host.error(format_args!("the writer panicked, nothing is written from here on: {panic}"));
            }
        });
        match writer {
            Ok(writer) => Ok(Self {
                shared,
                tables,
                writer: Mutex::new(Some(writer)),
            }),
            Err(error) => {
                tables.unfollow();
                Err(error.into())
            }
        }
    }

    pub fn standing(&self) -> Standing {
        Standing {
            output: self.shared.place.to_string(),
            is_ready: self.shared.is_ready.load(Ordering::Relaxed),
            written: self.shared.written.get(),
            waiting: self.shared.queue.waiting() as i64,
            lost: self.shared.lost.get(),
        }
    }

    /// The file may have been moved away: the next line goes into a new one.
    pub fn reopen(&self) {
        self.shared.wants_reopen.store(true, Ordering::Release);
        self.shared.queue.wake();
    }

    /// Ends the following, and waits until what is queued is written or the output has failed once more.
    pub fn stop(&self) {
        self.tables.unfollow();
        self.shared.queue.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // A panic was logged by the writer itself.
            let _ = writer.join();
        }
    }
}

impl Tables {
    fn follow(&mut self, name: &str, shared: &Arc<Shared>) -> Result<(), Failure> {
        let absent = || Failure::new(MH_E_ABI, "this htable cannot be followed; install a newer modhost");
        let open = self.table.open.ok_or_else(absent)?;
        let follow = self.table.follow.ok_or_else(absent)?;
        let mut table = std::ptr::null_mut();
        check(|err| unsafe { open(self.ctx, mh_str::borrow(name.as_bytes()), &mut table, err) })?;
        // Never freed: after unfollow a call that another thread is in may still be using it.
        let ctx = Arc::into_raw(shared.clone()) as *mut c_void;
        let options = mh_htable_follow {
            flags: MH_HTABLE_FOLLOW_CHANGES,
            ctx,
            changed: Some(changed),
            ..mh_htable_follow::sized()
        };
        let mut follower = std::ptr::null_mut();
        check(|err| unsafe { follow(self.ctx, table, &options, &mut follower, err) })?;
        self.followers.push(follower);
        Ok(())
    }

    fn unfollow(&self) {
        if let Some(unfollow) = self.table.unfollow {
            for follower in &self.followers {
                unsafe { unfollow(self.ctx, *follower) };
            }
        }
    }
}

/// On the thread that made the change; it must not wait.
unsafe extern "C" fn changed(ctx: *mut c_void, change: *const mh_htable_change) {
    let shared = &*(ctx as *const Shared);
    let told = contained(|| {
        if let Some(change) = change.as_ref() {
            if !shared.queue.add(line(change)) {
                shared.lost.add(1);
            }
        }
    });
    if let Err(panic) = told {
        shared.host.error(format_args!("a change is not told: {panic}"));
    }
}

/// # Safety
/// What the change points to is lent.
unsafe fn line(change: &mh_htable_change) -> String {
    let mut object = Object::new();
    object.bytes("table", change.table.bytes());
    let kind: &[u8] = match change.kind {
        MH_HTABLE_SET => b"set",
        MH_HTABLE_EXPIRY => b"expiry",
        MH_HTABLE_REMOVED => b"removed",
        MH_HTABLE_FLUSHED => b"flushed",
        MH_HTABLE_EXPIRED => b"expired",
        _ => b"other",
    };
    object.bytes("change", kind);
    if change.kind != MH_HTABLE_FLUSHED {
        object.bytes("key", change.key.bytes());
    }
    match change.value.type_ {
        MH_INT => object.integer("value", change.value.as_.integer),
        MH_STRING => object.bytes("value", change.value.as_.text.bytes()),
        _ => {}
    }
    if change.kind == MH_HTABLE_SET || change.kind == MH_HTABLE_EXPIRY || change.kind == MH_HTABLE_EXPIRED {
        object.integer("expires", change.expires_at);
    }
    object.integer("stamp", change.stamp);
    object.integer("number", change.number as i64);
    object.line()
}

/// The thread that writes.
struct Writer<'a> {
    shared: &'a Shared,
    output: Option<Output>,
    /// Taken from the queue and not yet written.
    lines: VecDeque<String>,
    /// Lines that were lost behind those, and of which the feed does not tell yet.
    lost: u64,
    /// Part of a line may be out in the file: the next one needs a line of its own.
    is_torn: bool,
    /// The failure that was logged; each is logged once until the output works again.
    told: Option<String>,
}

impl<'a> Writer<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            output: None,
            lines: VecDeque::new(),
            lost: 0,
            is_torn: false,
            told: None,
        }
    }

    fn run(&mut self) {
        self.open();
        loop {
            // While the output is away, lines wait in the queue until it fills.
            let is_away = self.output.is_none();
            if is_away && !self.shared.queue.pause(PAUSE) {
                if self.open() {
                    self.write();
                }
                continue;
            }
            let batch = self.shared.queue.take(if is_away { Duration::ZERO } else { REST });
            if is_away || self.shared.wants_reopen.swap(false, Ordering::AcqRel) {
                self.open();
            }
            self.lines.extend(batch.lines);
            self.lost += batch.lost;
            self.write();
            if batch.is_last {
                break;
            }
        }
        if !self.lines.is_empty() {
            self.shared.lost.add(self.lines.len() as i64);
            let count = self.lines.len();
            self.shared
                .host
                .warning(format_args!("{}: lost at the stop: {count} lines", self.shared.place));
        }
    }

    fn open(&mut self) -> bool {
        match self.shared.place.open() {
            Ok(output) => {
                if self.told.take().is_some() {
                    self.shared.host.notice(format_args!("{}: works again", self.shared.place));
                }
                self.output = Some(output);
            }
            Err(error) => self.fail(error),
        }
        self.shared.is_ready.store(self.output.is_some(), Ordering::Relaxed);
        self.output.is_some()
    }

    fn fail(&mut self, error: std::io::Error) {
        self.output = None;
        self.shared.is_ready.store(false, Ordering::Relaxed);
        let text = error.to_string();
        if self.told.as_ref() != Some(&text) {
            let place = &self.shared.place;
            self.shared.host.warning(format_args!(
                "{place}: {text}; lines wait, and it is tried again twice a second"
            ));
            self.told = Some(text);
        }
    }

    /// Writes the lines, and how many are lost behind them, until the output fails.
    fn write(&mut self) {
        while let Some(line) = self.lines.pop_front() {
            if !self.write_line(&line) {
                self.lines.push_front(line);
                return;
            }
            self.shared.written.add(1);
        }
        if self.lost > 0 {
            let mut object = Object::new();
            object.integer("lost", self.lost as i64);
            if self.write_line(&object.line()) {
                self.lost = 0;
            }
        }
    }

    fn write_line(&mut self, line: &str) -> bool {
        let output = match &mut self.output {
            Some(output) => output,
            None => return false,
        };
        let torn = if self.is_torn && matches!(output, Output::File(_)) {
            "\n"
        } else {
            ""
        };
        match output.write(format!("{torn}{line}").as_bytes()) {
            Ok(()) => {
                self.is_torn = false;
                true
            }
            Err(error) => {
                self.is_torn = true;
                self.fail(error);
                false
            }
        }
    }
}
