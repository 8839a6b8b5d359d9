//! One call of a management command.

use crate::sys::*;
use crate::Value;
use std::borrow::Cow;
use std::marker::PhantomData;

/// What a command was called with; the host has checked the arguments against the declaration.
pub struct Call<'a> {
    raw: mh_mi_call,
    lent: PhantomData<&'a mh_mi_call>,
}

impl<'a> Call<'a> {
    /// # Safety
    /// The call stays lent for `'a`.
    pub(crate) unsafe fn new(raw: *const mh_mi_call) -> Option<Self> {
        let size = raw.as_ref()?.struct_size as usize;
        let mut copy = mh_mi_call::default();
        let known = size.min(std::mem::size_of::<mh_mi_call>());
        std::ptr::copy_nonoverlapping(raw as *const u8, &mut copy as *mut _ as *mut u8, known);
        Some(Self {
            raw: copy,
            lent: PhantomData,
        })
    }

    /// True when the client speaks the classic text protocol.
    pub fn is_classic(&self) -> bool {
        self.raw.classic != 0
    }

    /// The name that the command was called by: its own or an alias.
    pub fn command(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(unsafe { self.raw.command.bytes() })
    }

    fn argument(&self, index: u32) -> mh_value {
        unsafe { self.raw.args.at(index) }.unwrap_or_default()
    }

    /// An argument as a value; null when it was left out.
    pub fn value(&self, index: u32) -> Value {
        unsafe { Value::copy(&self.argument(index)) }
    }

    /// The bytes of a string argument; `None` when it was left out.
    pub fn bytes(&self, index: u32) -> Option<&'a [u8]> {
        let value = self.argument(index);
        if value.type_ == MH_STRING || value.type_ == MH_BLOB {
            Some(unsafe { value.as_.text.bytes() })
        } else {
            None
        }
    }

    /// The text of a string argument, U+FFFD for what is no UTF-8; `None` when it was left out.
    pub fn text(&self, index: u32) -> Option<Cow<'a, str>> {
        self.bytes(index).map(String::from_utf8_lossy)
    }

    /// The number of an integer, boolean, duration (ns) or size (bytes) argument; `None` when it was left out.
    pub fn integer(&self, index: u32) -> Option<i64> {
        self.value(index).as_integer()
    }

    /// The number of a floating-point argument; `None` when it was left out.
    pub fn real(&self, index: u32) -> Option<f64> {
        let value = self.argument(index);
        if value.type_ == MH_FLOAT {
            Some(unsafe { value.as_.real })
        } else {
            None
        }
    }
}
