//! modhost/module.h: what a module exports: its one symbol, its descriptor, its hooks; and what the host hands to init.
//!
//! Life of a module: the ELF note is read from the file (no code runs) -\> dlopen -\> mh_module_entry_v1 -\> parameters are
//! set -\> init -\> worker_start on each worker -\> ... -\> drain -\> worker_stop on each worker -\> stop. `stop` is not
//! called when `init` failed. After `stop` has returned no callback arrives. The code stays mapped until the process ends.

use super::*;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_offer {
    pub struct_size: u32,
    /// MH_ABI_MAJOR of the host
    pub abi_major: u16,
    /// MH_ABI_MINOR of the host
    pub abi_minor: u16,
    /// "modhost"; for logs only, never to be compared
    pub host_name: mh_str,
    /// product version; for logs only, never to be compared
    pub host_version: mh_str,
}
zeroed!(mh_offer);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_host {
    pub struct_size: u32,
    pub reserved: u32,
    /// valid until the process ends
    pub self_: *mut mh_self,
    /// Looks up a service table such as "mh.log/1". NULL when the host has none of that name or its table is smaller than
    /// min_size bytes (0: any size); outside init...stop it is NULL and logged. The table is static.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: id is borrowed; the table belongs to the host, for ever)
    pub query: Option<unsafe extern "C" fn(self_: *mut mh_self, id: mh_str, min_size: usize) -> *const c_void>,
}
zeroed!(mh_host);

/// start fails without it
pub const MH_PARAM_REQUIRED: u32 = 0x01;
/// each modparam line adds a value; without it the last line wins and a warning says so
pub const MH_PARAM_REPEATABLE: u32 = 0x02;
/// its value is never shown nor logged
pub const MH_PARAM_SECRET: u32 = 0x04;
/// may be set while running, by `module.set`; needs a setter
pub const MH_PARAM_LIVE: u32 = 0x08;
/// setting it logs a warning with the help text
pub const MH_PARAM_DEPRECATED: u32 = 0x10;
pub const MH_PARAM_FLAGS: u32 = 0x1F;

/// A parameter, set by modparam("module", "name", value). The host parses and checks the value: type, range, choices.
/// Accepted spellings: int: number; float: number; bool: 0/1, yes/no, on/off, true/false; string: text; duration: number in
/// `unit` (default "s") or text such as "200ms", "1h30m"; size: number of bytes or text such as "64k", "1 MiB"; list: text
/// split at commas, blanks trimmed. Either `set` or `storage` (or neither, for mh.param/1 readers) is given, never both; LIVE
/// and MH_LIST need `set`. A default_text that does not fit type, range or choices is refused at load.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_param {
    pub struct_size: u32,
    /// MH_INT, MH_FLOAT, MH_BOOL, MH_STRING, MH_DURATION, MH_SIZE, MH_LIST
    pub type_: u32,
    /// MH_PARAM_...
    pub flags: u32,
    pub reserved: u32,
    pub name: mh_str,
    /// one sentence
    pub help: mh_str,
    /// of a bare number: "s", "ms", "bytes", "rows"; shown in help
    pub unit: mh_str,
    /// as written in a config; applied when no line sets it; empty: no default (storage untouched)
    pub default_text: mh_str,
    /// int, duration (ns) and size (bytes): inclusive bounds; both 0 means unbounded
    pub minimum: i64,
    pub maximum: i64,
    /// float: inclusive bounds; both 0 means unbounded
    pub float_minimum: f64,
    pub float_maximum: f64,
    /// string: the texts allowed (mh_str); empty: any
    pub choices: mh_array,
    /// Where the host stores it before init: int64_t (int, duration, size), double (float), int32_t (bool), mh_str (string;
    /// the bytes stay valid until the process ends).
    pub storage: *mut c_void,
    /// of set
    pub ctx: *mut c_void,
    /// Takes a checked value, once per modparam line, in file order; a list arrives as MH_LIST of MH_STRING.
    /// A negative return refuses it; the host adds file:line:column to the text.
    /// (thread: main) (phase: load+run) (blocks: no) (owns: value is borrowed for the call)
    pub set: Option<unsafe extern "C" fn(ctx: *mut c_void, value: *const mh_value, err: *const mh_error) -> i32>,
}
zeroed!(mh_param);

/// Offers a table of functions to other modules under an id such as "mh.db/1" and a selector such as "flatstore" (for
/// databases: the URL scheme). The table's first field is its struct_size.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_interface {
    pub struct_size: u32,
    pub reserved: u32,
    pub id: mh_str,
    pub selector: mh_str,
    /// static
    pub table: *const c_void,
    /// first argument of the table's functions
    pub ctx: *mut c_void,
}
zeroed!(mh_interface);

/// use it when it is there
pub const MH_REQUIRE_OPTIONAL: u32 = 0x01;
pub const MH_REQUIRE_FLAGS: u32 = 0x01;

/// Names an interface that this module acquires. Providers are initialised first and stopped last.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_requirement {
    pub struct_size: u32,
    /// MH_REQUIRE_...
    pub flags: u32,
    pub id: mh_str,
    /// empty: any
    pub selector: mh_str,
}
zeroed!(mh_requirement);

/// none are defined yet
pub const MH_MODULE_FLAGS: u32 = 0x00;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_module {
    pub struct_size: u32,
    /// MH_ABI_MAJOR the module was built with
    pub abi_major: u16,
    /// the minor that it needs, not the one it was built with
    pub abi_minor: u16,
    /// 0
    pub flags: u32,
    pub reserved: u32,
    /// \[a-z\]\[a-z0-9_-\]*, at most 64 bytes; equals the ELF note's
    pub name: mh_str,
    pub version: mh_str,
    /// one sentence
    pub summary: mh_str,
    /// mh_str: other names for loadmodule and modparam ("db_flatstore")
    pub aliases: mh_array,
    /// mh_param
    pub params: mh_array,
    /// mh_mi_command
    pub commands: mh_array,
    /// mh_script_function
    pub functions: mh_array,
    /// mh_script_variable
    pub variables: mh_array,
    /// mh_interface
    pub provides: mh_array,
    /// mh_requirement; the underscore is for C++20, where the plain word is reserved
    pub requires_: mh_array,
    /// of the hooks
    pub ctx: *mut c_void,
    /// Starts the module: every parameter is set, providers are running. Must not wait for another module's callbacks.
    /// (thread: main) (phase: init) (blocks: yes) (owns: host is static; err is borrowed for the call)
    pub init: Option<unsafe extern "C" fn(ctx: *mut c_void, host: *const mh_host, err: *const mh_error) -> i32>,
    /// Runs once on each worker before it serves anything. worker: its thread index, from 1.
    /// (thread: worker) (phase: init) (blocks: yes) (owns: nothing)
    pub worker_start: Option<unsafe extern "C" fn(ctx: *mut c_void, worker: u32, err: *const mh_error) -> i32>,
    /// Runs once on each worker after the drain. (thread: worker) (phase: stop) (blocks: yes) (owns: nothing)
    pub worker_stop: Option<unsafe extern "C" fn(ctx: *mut c_void, worker: u32)>,
    /// Reopens files (SIGHUP). (thread: main) (phase: run) (blocks: yes) (owns: err is borrowed for the call)
    pub reopen: Option<unsafe extern "C" fn(ctx: *mut c_void, err: *const mh_error) -> i32>,
    /// Takes no new work and finishes what is under way; listeners are closed already.
    /// (thread: main) (phase: stop) (blocks: yes) (owns: nothing)
    pub drain: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
    /// Ends the module: writes out what is buffered, frees what it owns. Services still answer.
    /// (thread: main) (phase: stop) (blocks: yes) (owns: nothing)
    pub stop: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
}
zeroed!(mh_module);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_interface_ref {
    /// set by the caller before acquire
    pub struct_size: u32,
    pub reserved: u32,
    pub table: *const c_void,
    pub ctx: *mut c_void,
}
zeroed!(mh_interface_ref);

pub const MH_INTERFACE_SERVICE: &str = "mh.interface/1";

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_interface_service {
    pub struct_size: u32,
    pub reserved: u32,
    /// Finds the table that another module provides; the module must have named it in requires_. MH_E_NOT_FOUND when nobody
    /// does, MH_E_ABI when its table is smaller than min_size. Valid until this module's stop has returned.
    /// (thread: any) (phase: init+run) (blocks: no)
    /// (owns: id and selector are borrowed; *ref is filled; its table is static)
    pub acquire: Option<
        unsafe extern "C" fn(
            self_: *mut mh_self,
            id: mh_str,
            selector: mh_str,
            min_size: usize,
            ref_: *mut mh_interface_ref,
            err: *const mh_error,
        ) -> i32,
    >,
}
zeroed!(mh_interface_service);

pub const MH_PARAM_SERVICE: &str = "mh.param/1";

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_param_service {
    pub struct_size: u32,
    pub reserved: u32,
    /// Reads a parameter of this module as it stands (its last value when repeated).
    /// (thread: any) (phase: init+run+stop) (blocks: no)
    /// (owns: name is borrowed; text in *value is valid until the process ends)
    pub get: Option<unsafe extern "C" fn(self_: *mut mh_self, name: mh_str, value: *mut mh_value) -> i32>,
    /// Reads a core setting: "run_dir" (an absolute path), "workers", "config_file", "host_name".
    /// (thread: any) (phase: init+run+stop) (blocks: no)
    /// (owns: name is borrowed; text in *value is valid until the process ends)
    pub core: Option<unsafe extern "C" fn(self_: *mut mh_self, name: mh_str, value: *mut mh_value) -> i32>,
}
zeroed!(mh_param_service);
