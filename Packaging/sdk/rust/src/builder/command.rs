//! A management command and its arguments.

use super::hooks::Hooks;
use crate::failure::contained;
use crate::sys::*;
use crate::{Call, Fault, Reply};
use std::ffi::c_void;

/// The type of a parameter or an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any scalar as it came; for arguments only.
    Any,
    Integer,
    Real,
    Truth,
    Text,
    /// Nanoseconds.
    Duration,
    /// Bytes.
    Size,
    /// Text split at commas; for parameters with a setter only.
    List,
}

impl Kind {
    pub(super) fn raw(self) -> u32 {
        match self {
            Self::Any => MH_NULL,
            Self::Integer => MH_INT,
            Self::Real => MH_FLOAT,
            Self::Truth => MH_BOOL,
            Self::Text => MH_STRING,
            Self::Duration => MH_DURATION,
            Self::Size => MH_SIZE,
            Self::List => MH_LIST,
        }
    }
}

/// One argument of a command.
pub struct Argument(mh_mi_arg);

impl Argument {
    pub fn new(name: &'static str, kind: Kind) -> Self {
        Self(mh_mi_arg {
            type_: kind.raw(),
            name: mh_str::of(name),
            ..mh_mi_arg::sized()
        })
    }

    /// It may be left out.
    pub fn optional(mut self) -> Self {
        self.0.flags |= MH_MI_ARG_OPTIONAL;
        self
    }

    /// It takes all that follow, and is a list; the last one only.
    pub fn rest(mut self) -> Self {
        self.0.flags |= MH_MI_ARG_REST;
        self
    }

    pub fn help(mut self, text: &'static str) -> Self {
        self.0.help = mh_str::of(text);
        self
    }
}

type Handler<S> = Box<dyn Fn(&S, &Call, &mut Reply) -> Result<(), Fault> + Send + Sync>;

/// A management command. Its handler runs on the management thread, a slow one's on a pool thread.
pub struct Command<S> {
    raw: mh_mi_command,
    aliases: Vec<mh_str>,
    arguments: Vec<mh_mi_arg>,
    handler: Handler<S>,
}

impl<S: Send + Sync + 'static> Command<S> {
    /// A command that changes nothing.
    pub fn read(
        name: &'static str,
        handler: impl Fn(&S, &Call, &mut Reply) -> Result<(), Fault> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, MH_MI_READ, Box::new(handler))
    }

    /// A command that changes something.
    pub fn change(
        name: &'static str,
        handler: impl Fn(&S, &Call, &mut Reply) -> Result<(), Fault> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, MH_MI_CHANGE, Box::new(handler))
    }

    fn new(name: &'static str, flags: u32, handler: Handler<S>) -> Self {
        let raw = mh_mi_command {
            flags,
            name: mh_str::of(name),
            ..mh_mi_command::sized()
        };
        Self {
            raw,
            aliases: Vec::new(),
            arguments: Vec::new(),
            handler,
        }
    }

    /// It may take long or reply at length: it runs on a pool thread.
    pub fn slow(mut self) -> Self {
        self.raw.flags |= MH_MI_SLOW;
        self
    }

    /// Another name.
    pub fn alias(mut self, name: &'static str) -> Self {
        self.aliases.push(mh_str::of(name));
        self
    }

    /// One sentence.
    pub fn summary(mut self, text: &'static str) -> Self {
        self.raw.summary = mh_str::of(text);
        self
    }

    /// A line as typed after modctl.
    pub fn example(mut self, text: &'static str) -> Self {
        self.raw.example = mh_str::of(text);
        self
    }

    pub fn argument(mut self, argument: Argument) -> Self {
        self.arguments.push(argument.0);
        self
    }

    pub(super) fn raw(self, hooks: &'static Hooks<S>) -> mh_mi_command {
        let mut raw = self.raw;
        raw.aliases = super::leak(self.aliases);
        raw.args = super::leak(self.arguments);
        raw.ctx = Box::into_raw(Box::new(Bound {
            hooks,
            handler: self.handler,
        })) as *mut c_void;
        raw.handler = Some(handle::<S>);
        raw
    }
}

/// What the ctx of a command points to.
struct Bound<S: 'static> {
    hooks: &'static Hooks<S>,
    handler: Handler<S>,
}

unsafe extern "C" fn handle<S: 'static>(ctx: *mut c_void, call: *const mh_mi_call, reply: *const mh_mi_reply) -> i32 {
    let (call, mut reply) = match (Call::new(call), reply.is_null()) {
        (Some(call), false) => (call, Reply::new(reply)),
        _ => return MH_E_INVALID,
    };
    let outcome = contained(|| {
        let bound = &*(ctx as *const Bound<S>);
        match bound.hooks.state() {
            Some(state) => (bound.handler)(&state, &call, &mut reply),
            None => Err(Fault::new(503, "the module is not running")),
        }
    });
    if reply.is_deferred {
        return MH_DEFERRED;
    }
    let fault = match outcome {
        Ok(Ok(())) => return MH_OK,
        Ok(Err(fault)) => fault,
        Err(panic) => Fault::new(500, format!("the command panicked: {panic}")),
    };
    if fault.code < 0 {
        return fault.code;
    }
    reply.fail(&fault);
    MH_OK
}
