//! What a command answers: scalars, maps and lists, written one after the other.

use crate::sys::*;
use crate::{Fault, Scalar};
use std::ffi::c_void;
use std::ops::{Deref, DerefMut};

/// Writes a command's reply, which is one value: a scalar, a map or a list; see `mh_mi_reply`.
///
/// A function fails once the client is gone; pass that on with `?`.
pub struct Reply {
    raw: *const mh_mi_reply,
    pub(crate) is_deferred: bool,
}

impl Reply {
    /// # Safety
    /// The reply is the host's and not complete for as long as this is used.
    pub(crate) unsafe fn new(raw: *const mh_mi_reply) -> Self {
        Self { raw, is_deferred: false }
    }

    /// Opens a map; members have names.
    pub fn begin_map(&mut self, name: &str) -> Result<(), Fault> {
        self.begin(name, |reply| reply.begin_map, 0)
    }

    /// Opens a list; elements have none.
    pub fn begin_list(&mut self, name: &str) -> Result<(), Fault> {
        self.begin(name, |reply| reply.begin_list, 0)
    }

    /// Closes the innermost map or list.
    pub fn end(&mut self) -> Result<(), Fault> {
        let raw = unsafe { &*self.raw };
        going(raw.end.map_or(MH_E_ABI, |end| unsafe { end(raw.ctx) }))
    }

    /// A map, its members written by `body`.
    pub fn map(&mut self, name: &str, body: impl FnOnce(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        self.begin_map(name)?;
        body(self)?;
        self.end()
    }

    /// A list, its elements written by `body`.
    pub fn list(&mut self, name: &str, body: impl FnOnce(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        self.begin_list(name)?;
        body(self)?;
        self.end()
    }

    /// A scalar; its name counts in maps only.
    pub fn value<'v>(&mut self, name: &str, value: impl Into<Scalar<'v>>) -> Result<(), Fault> {
        let raw = unsafe { &*self.raw };
        let value = value.into().raw();
        going(raw.value.map_or(MH_E_ABI, |write| unsafe {
            write(raw.ctx, mh_str::borrow(name.as_bytes()), &value)
        }))
    }

    /// The reply comes later: from what this returns, on any thread, when the handler has returned.
    pub fn defer(&mut self) -> Deferred {
        self.is_deferred = true;
        Deferred {
            reply: Reply {
                raw: self.raw,
                is_deferred: true,
            },
            is_done: false,
        }
    }

    #[allow(clippy::type_complexity)] // the shape is the ABI's
    fn begin(
        &mut self,
        name: &str,
        open: impl FnOnce(&mh_mi_reply) -> Option<unsafe extern "C" fn(*mut c_void, mh_str, u32) -> i32>,
        flags: u32,
    ) -> Result<(), Fault> {
        let raw = unsafe { &*self.raw };
        going(open(raw).map_or(MH_E_ABI, |open| unsafe {
            open(raw.ctx, mh_str::borrow(name.as_bytes()), flags)
        }))
    }

    pub(crate) fn fail(&self, fault: &Fault) {
        let raw = unsafe { &*self.raw };
        if let Some(fail) = raw.fail {
            unsafe { fail(raw.ctx, fault.code, mh_str::borrow(fault.text.as_bytes())) };
        }
    }
}

fn going(code: i32) -> Result<(), Fault> {
    if code >= 0 {
        Ok(())
    } else {
        Err(Fault::new(
            code,
            "the reply cannot be written: the client is gone, or the nesting is wrong",
        ))
    }
}

/// A reply that is owed: write to it, then `finish`. Dropped before that, it answers with an error.
pub struct Deferred {
    reply: Reply,
    is_done: bool,
}

// After MH_DEFERRED the reply is for any one thread at a time, which is what owning it says.
unsafe impl Send for Deferred {}

impl Deferred {
    /// Completes the reply.
    pub fn finish(mut self) {
        self.complete();
    }

    /// Completes the reply with an error.
    pub fn fail(mut self, fault: &Fault) {
        if fault.code > 0 {
            self.reply.fail(fault);
        }
        self.complete();
    }

    fn complete(&mut self) {
        self.is_done = true;
        let raw = unsafe { &*self.reply.raw };
        if let Some(finish) = raw.finish {
            unsafe { finish(raw.ctx) };
        }
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        if !self.is_done {
            self.reply.fail(&Fault::new(500, "the module gave this command up"));
            self.complete();
        }
    }
}

impl Deref for Deferred {
    type Target = Reply;

    fn deref(&self) -> &Reply {
        &self.reply
    }
}

impl DerefMut for Deferred {
    fn deref_mut(&mut self) -> &mut Reply {
        &mut self.reply
    }
}
