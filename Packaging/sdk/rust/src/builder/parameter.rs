//! A parameter of the configuration.

use crate::failure::guarded;
use crate::sys::*;
use crate::{Failure, Kind, Value};
use std::ffi::c_void;

type Setter = Box<dyn Fn(Value) -> Result<(), Failure> + Send + Sync>;

/// A parameter, set by `modparam("module", "name", value)`. The host checks type, range and choices. Its value is read with
/// [`Host::parameter`](crate::Host::parameter) from `on_init` on, or taken by a setter, once per line.
pub struct Parameter {
    raw: mh_param,
    choices: Vec<mh_str>,
    setter: Option<Setter>,
}

impl Parameter {
    pub fn new(name: &'static str, kind: Kind) -> Self {
        let raw = mh_param {
            type_: kind.raw(),
            name: mh_str::of(name),
            ..mh_param::sized()
        };
        Self {
            raw,
            choices: Vec::new(),
            setter: None,
        }
    }

    /// One sentence.
    pub fn help(mut self, text: &'static str) -> Self {
        self.raw.help = mh_str::of(text);
        self
    }

    /// The value when no line sets it, as written in a config.
    pub fn default(mut self, text: &'static str) -> Self {
        self.raw.default_text = mh_str::of(text);
        self
    }

    /// What a bare number counts: "s", "ms", "bytes", "rows".
    pub fn unit(mut self, text: &'static str) -> Self {
        self.raw.unit = mh_str::of(text);
        self
    }

    /// Inclusive bounds of an integer, a duration (ns) or a size (bytes).
    pub fn range(mut self, minimum: i64, maximum: i64) -> Self {
        self.raw.minimum = minimum;
        self.raw.maximum = maximum;
        self
    }

    /// Inclusive bounds of a floating-point number.
    pub fn real_range(mut self, minimum: f64, maximum: f64) -> Self {
        self.raw.float_minimum = minimum;
        self.raw.float_maximum = maximum;
        self
    }

    /// The texts allowed.
    pub fn choices(mut self, texts: &[&'static str]) -> Self {
        self.choices = texts.iter().map(|text| mh_str::of(text)).collect();
        self
    }

    /// `MH_PARAM_REQUIRED` and the like, joined by `|`.
    pub fn flags(mut self, flags: u32) -> Self {
        self.raw.flags |= flags;
        self
    }

    /// Takes the value, checked, once per modparam line; an error refuses it, and the host adds where it stands.
    /// `MH_PARAM_LIVE` and lists need this.
    pub fn set(mut self, set: impl Fn(Value) -> Result<(), Failure> + Send + Sync + 'static) -> Self {
        self.setter = Some(Box::new(set));
        self
    }

    pub(super) fn raw(self) -> mh_param {
        let mut raw = self.raw;
        raw.choices = super::leak(self.choices);
        if let Some(setter) = self.setter {
            raw.ctx = Box::into_raw(Box::new(setter)) as *mut c_void;
            raw.set = Some(set);
        }
        raw
    }
}

unsafe extern "C" fn set(ctx: *mut c_void, value: *const mh_value, err: *const mh_error) -> i32 {
    guarded(err, || {
        let setter = &*(ctx as *const Setter);
        match value.as_ref() {
            Some(value) => setter(Value::copy(value)).map(|()| MH_OK),
            None => Err(Failure::new(MH_E_INVALID, "the host gave no value")),
        }
    })
}
