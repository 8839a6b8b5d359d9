//! modhost/script.h: script functions and pseudo-variables that a module exports, and service "mh.script/1", which runs the
//! routes of the config.
//!
//! A route runs from its first statement to its last on one worker, and never waits. Functions and pseudo-variables are
//! therefore called on workers, several at a time, and must be quick.

use super::*;

/// opaque; one run of a route on one thread
#[repr(C)]
pub struct mh_script {
    _opaque: [u8; 0],
}

/// a number, or an expression that gives one
pub const MH_SCRIPT_ARG_INT: u32 = 1;
/// text; pseudo-variables in it are expanded before the call
pub const MH_SCRIPT_ARG_TEXT: u32 = 2;
/// text as written, known when the config is read
pub const MH_SCRIPT_ARG_LITERAL: u32 = 3;
/// a pseudo-variable to write to: an MH_INT for mh_script_service.assign
pub const MH_SCRIPT_ARG_VARIABLE: u32 = 4;
/// a POSIX extended pattern, checked when the config is read
pub const MH_SCRIPT_ARG_REGEX: u32 = 5;
pub const MH_SCRIPT_ARG_OPTIONAL: u32 = 0x01;
pub const MH_SCRIPT_VARIABLE_READ_ONLY: u32 = 0x01;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_script_arg {
    pub struct_size: u32,
    /// MH_SCRIPT_ARG_...
    pub kind: u32,
    /// MH_SCRIPT_ARG_OPTIONAL
    pub flags: u32,
    pub reserved: u32,
    pub name: mh_str,
}
zeroed!(mh_script_arg);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_script_function {
    pub struct_size: u32,
    /// 0
    pub flags: u32,
    pub name: mh_str,
    pub summary: mh_str,
    /// mh_script_arg
    pub args: mh_array,
    pub ctx: *mut c_void,
    /// Looks at one place in the config that calls it. args: array of mh_value, literals known, others MH_NULL. *site
    /// goes to every call from there. May be NULL. (thread: main) (phase: init) (blocks: yes)
    /// (owns: args are borrowed; *site is the module's until release)
    pub prepare: Option<
        unsafe extern "C" fn(ctx: *mut c_void, args: *const mh_array, site: *mut *mut c_void, err: *const mh_error) -> i32,
    >,
    /// Runs it: negative is false, 0 ends the script, positive is true. args: array of mh_value.
    /// (thread: worker) (phase: run) (blocks: no) (owns: args are borrowed for the call)
    pub call: Option<
        unsafe extern "C" fn(ctx: *mut c_void, site: *mut c_void, script: *mut mh_script, args: *const mh_array) -> i32,
    >,
    /// Ends a site. May be NULL. (thread: main) (phase: stop) (blocks: no) (owns: site is the module's again)
    pub release: Option<unsafe extern "C" fn(ctx: *mut c_void, site: *mut c_void)>,
}
zeroed!(mh_script_function);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_script_variable {
    pub struct_size: u32,
    /// MH_SCRIPT_VARIABLE_READ_ONLY: set is NULL
    pub flags: u32,
    /// the class: "sht" of $sht(table=\>key)
    pub name: mh_str,
    pub summary: mh_str,
    pub ctx: *mut c_void,
    /// Looks at one place in the config; inner is the text between the parentheses. *site goes to every get and set. May
    /// be NULL.
    /// (thread: main) (phase: init) (blocks: no) (owns: inner is borrowed; *site is the module's until release)
    pub prepare:
        Option<unsafe extern "C" fn(ctx: *mut c_void, inner: mh_str, site: *mut *mut c_void, err: *const mh_error) -> i32>,
    /// Reads it; key is `inner` with pseudo-variables expanded. Text in *value is copied by the host at once.
    /// (thread: worker) (phase: run) (blocks: no)
    /// (owns: key is borrowed; *value's text is the module's, valid until its next call on this thread)
    pub get: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            site: *mut c_void,
            script: *mut mh_script,
            key: mh_str,
            value: *mut mh_value,
        ) -> i32,
    >,
    /// Writes it; MH_NULL deletes. (thread: worker) (phase: run) (blocks: no)
    /// (owns: key and value are borrowed for the call)
    pub set: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            site: *mut c_void,
            script: *mut mh_script,
            key: mh_str,
            value: *const mh_value,
        ) -> i32,
    >,
    /// Ends a site. May be NULL. (thread: main) (phase: stop) (blocks: no) (owns: site is the module's again)
    pub release: Option<unsafe extern "C" fn(ctx: *mut c_void, site: *mut c_void)>,
}
zeroed!(mh_script_variable);

/// never the number of a route
pub const MH_SCRIPT_NO_ROUTE: u32 = 0;
/// exit, drop, return 0 or a function's 0 ended the script
pub const MH_SCRIPT_ENDED: u32 = 0x01;
/// it was drop
pub const MH_SCRIPT_DROPPED: u32 = 0x02;
/// the route replied: reply_code and reply_text hold it
pub const MH_SCRIPT_REPLIED: u32 = 0x04;

/// What a run came to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_script_outcome {
    /// set by the caller before run
    pub struct_size: u32,
    /// the return code of the route: positive is true
    pub code: i32,
    /// MH_SCRIPT_ENDED, ...
    pub flags: u32,
    /// 0 without a reply
    pub reply_code: i32,
    /// the host's, valid until the next run on this thread
    pub reply_text: mh_str,
}
zeroed!(mh_script_outcome);

/// opaque; a text with pseudo-variables, made ready
#[repr(C)]
pub struct mh_script_format {
    _opaque: [u8; 0],
}

pub const MH_SCRIPT_SERVICE: &str = "mh.script/1";

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_script_service {
    pub struct_size: u32,
    pub reserved: u32,
    /// Finds a route: "request" is request_route, "NAME" is route\[NAME\], "event:htable:expired:users" is
    /// event_route\[htable:expired:users\]. MH_E_NOT_FOUND when the config has none.
    /// (thread: main) (phase: init) (blocks: no) (owns: name is borrowed; *route is a number, valid until the process ends)
    pub find: Option<unsafe extern "C" fn(self_: *mut mh_self, name: mh_str, route: *mut u32) -> i32>,
    /// Runs a route to its end, with arguments (array of mh_log_field) that it reads as $arg(name); outcome may be NULL. From
    /// within a route it is a run of its own. MH_E_STATE: not on a worker, or the routes are not ready yet (they are when
    /// worker_start is called); MH_E_TIMEOUT: it ran over route_timeout and was stopped; MH_E_LIMIT: too many within
    /// one another. (thread: worker) (phase: init+run+stop) (blocks: no)
    /// (owns: arguments are borrowed for the call; *outcome is filled)
    pub run: Option<
        unsafe extern "C" fn(
            self_: *mut mh_self,
            route: u32,
            arguments: *const mh_array,
            outcome: *mut mh_script_outcome,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Makes a text such as "src_ip=$si" ready. Names are checked at once; the owners of its pseudo-variables are asked to
    /// prepare when every module is initialised. (thread: main) (phase: init) (blocks: no)
    /// (owns: text is borrowed; *format is the host's, valid until the process ends)
    pub format: Option<
        unsafe extern "C" fn(
            self_: *mut mh_self,
            text: mh_str,
            format: *mut *mut mh_script_format,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Expands a text. One that is a single pseudo-variable keeps its type (MH_NULL, MH_INT or MH_STRING); any other gives
    /// MH_STRING. script: that of the function which asks, or NULL: $arg and the like are null then.
    /// (thread: worker) (phase: init+run+stop) (blocks: no)
    /// (owns: *value's text is the host's, valid until the next expand on this thread)
    pub expand: Option<
        unsafe extern "C" fn(
            self_: *mut mh_self,
            format: *const mh_script_format,
            script: *mut mh_script,
            value: *mut mh_value,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Writes to the pseudo-variable of an MH_SCRIPT_ARG_VARIABLE argument.
    /// (thread: worker) (phase: run) (blocks: no) (owns: value is borrowed for the call)
    pub assign: Option<
        unsafe extern "C" fn(
            self_: *mut mh_self,
            script: *mut mh_script,
            variable: i64,
            value: *const mh_value,
            err: *const mh_error,
        ) -> i32,
    >,
    /// Reads an argument of the run: $arg(name). MH_E_NOT_FOUND: it has none of that name.
    /// (thread: worker) (phase: run) (blocks: no) (owns: name is borrowed; *value's text is valid until the run ends)
    pub argument: Option<unsafe extern "C" fn(script: *mut mh_script, name: mh_str, value: *mut mh_value) -> i32>,
    /// Sets the reply of the run; the last one counts. code: 100 to 999.
    /// (thread: worker) (phase: run) (blocks: no) (owns: text is borrowed and copied)
    pub reply: Option<unsafe extern "C" fn(script: *mut mh_script, code: i32, text: mh_str, err: *const mh_error) -> i32>,
    /// Asks to be told on the thread of each run when it has ended (of runs within one another, the outermost).
    /// (thread: main) (phase: init) (blocks: no) (owns: ctx is lent until stop)
    pub on_end: Option<
        unsafe extern "C" fn(
            self_: *mut mh_self,
            ended: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
            ctx: *mut c_void,
        ) -> i32,
    >,
}
zeroed!(mh_script_service);
