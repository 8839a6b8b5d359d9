//! What goes wrong: failures of a module, faults of a command, and the two walls that no panic passes.

use crate::sys::*;
use std::any::Any;
use std::ffi::c_void;
use std::fmt;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// What a module or the host cannot do: a code of the ABI, and a line that says what was found, what was expected and what
/// to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// One of `MH_E_…`, negative.
    pub code: i32,
    pub text: String,
}

impl Failure {
    pub fn new(code: i32, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// Reports it into the caller's sink and gives the code, for the `return` of a C function.
    ///
    /// # Safety
    /// `err` is null or the sink of the call.
    pub unsafe fn report(&self, err: *const mh_error) -> i32 {
        if let Some(sink) = err.as_ref() {
            if let Some(report) = sink.report {
                report(sink.ctx, self.code, mh_str::borrow(self.text.as_bytes()));
            }
        }
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(MH_E_IO, error.to_string())
    }
}

/// What a command answers instead of a result: a code such as 404, and a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Positive; negative only for a client that is gone, to whom nothing is answered.
    pub code: i32,
    pub text: String,
}

impl Fault {
    pub fn new(code: i32, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.code, self.text)
    }
}

impl std::error::Error for Fault {}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::new(500, failure.text)
    }
}

/// Calls into the host or another module with a sink for its error: `check(|err| unsafe { open(ctx, name, &mut table, err) })`.
/// The code that it answers, or the error that it reported.
pub fn check(call: impl FnOnce(*const mh_error) -> i32) -> Result<i32, Failure> {
    unsafe extern "C" fn report(ctx: *mut c_void, code: i32, text: mh_str) {
        let found = &mut *(ctx as *mut Option<Failure>);
        *found = Some(Failure::new(code, String::from_utf8_lossy(text.bytes())));
    }
    let mut found: Option<Failure> = None;
    let sink = mh_error {
        ctx: &mut found as *mut _ as *mut c_void,
        report: Some(report),
    };
    let code = call(&sink);
    if code >= 0 {
        return Ok(code);
    }
    let text = found.map(|failure| failure.text).filter(|text| !text.is_empty());
    Err(Failure::new(code, text.unwrap_or_else(|| format!("error {code}"))))
}

/// The body of a C function that answers a code and has a sink: an error goes to the sink, and so does a panic.
///
/// # Safety
/// `err` is null or the sink of the call.
pub unsafe fn guarded(err: *const mh_error, body: impl FnOnce() -> Result<i32, Failure>) -> i32 {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(code)) => code,
        Ok(Err(failure)) => failure.report(err),
        Err(panic) => Failure::new(MH_E_INTERNAL, format!("it panicked: {}", panic_text(panic))).report(err),
    }
}

/// The body of a C function that answers nothing: what it made, or the text of its panic.
pub fn contained<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(body)).map_err(panic_text)
}

fn panic_text(panic: Box<dyn Any + Send>) -> String {
    let text = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text.to_string(),
        (_, Some(text)) => text.clone(),
        _ => "with something that is no text".to_string(),
    };
    // What was thrown could panic once more as it is dropped.
    std::mem::forget(panic);
    text
}
