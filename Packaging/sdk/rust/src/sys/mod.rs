//! The ABI as the C headers have it: same names, same layout, nothing added but constructors of the value types.
//!
//! A C name that Rust reserves gets an underscore: `type_`, `self_`, `ref_`, `as_`, `match_`. Every `default()` is all zero,
//! which reads as absent; `sized()` is that with its `struct_size` set.
#![allow(non_camel_case_types)]

use core::ffi::c_void;
use std::os::raw::c_char;

/// All zero is a good start for every struct of the ABI: no text, no pointer, no function.
macro_rules! zeroed {
    ($name:ident) => {
        impl Default for $name {
            fn default() -> Self {
                // Sound: integers, floats, raw pointers and optional functions, for all of which zero is a value.
                unsafe { core::mem::zeroed() }
            }
        }
    };
}

/// A struct that opens with its own size.
macro_rules! sized {
    ($($name:ident)*) => {
        $(impl $name {
            /// All zero but for `struct_size`.
            pub fn sized() -> Self {
                Self { struct_size: core::mem::size_of::<Self>() as u32, ..Self::default() }
            }
        })*
    };
}

mod base;
mod counter;
mod db;
mod htable;
mod log;
mod loops;
mod mi;
mod module;
mod net;
mod note;
mod script;
mod thread;
mod timestore;

pub use self::base::*;
pub use self::counter::*;
pub use self::db::*;
pub use self::htable::*;
pub use self::log::*;
pub use self::loops::*;
pub use self::mi::*;
pub use self::module::*;
pub use self::net::*;
pub use self::note::*;
pub use self::script::*;
pub use self::thread::*;
pub use self::timestore::*;

sized! {
    mh_counter_service mh_db_open mh_db_column mh_db_condition mh_db_order mh_db_assignment mh_db_query
    mh_db_provider mh_htable_item mh_htable_pattern mh_htable_visitor mh_htable_change mh_htable_follow
    mh_htable_interface mh_log_field mh_log_service mh_timer_options mh_watch_options mh_offload_options
    mh_loop_service mh_mi_reply mh_mi_arg mh_mi_call mh_mi_command mh_mi_argument mh_mi_request mh_mi_event
    mh_mi_sink mh_jsonrpc_request mh_jsonrpc_sink mh_mi_service mh_offer mh_host mh_param mh_interface
    mh_requirement mh_module mh_interface_ref mh_interface_service mh_param_service mh_stream_handler mh_peer
    mh_listen_options mh_connect_options mh_adopt_options mh_datagram_options mh_net_service mh_script_arg
    mh_script_function mh_script_variable mh_script_outcome mh_script_service mh_thread_service mh_timestore_range
    mh_timestore_interface
}

impl mh_str {
    /// Static text, fit for descriptors.
    pub const fn of(text: &'static str) -> Self {
        Self {
            ptr: text.as_ptr() as *const c_char,
            len: text.len(),
        }
    }

    /// Borrows bytes: the caller keeps them for as long as the value is used.
    pub const fn borrow(bytes: &[u8]) -> Self {
        Self {
            ptr: bytes.as_ptr() as *const c_char,
            len: bytes.len(),
        }
    }

    /// The bytes.
    ///
    /// # Safety
    /// The owner of the text still lends it, and does so for as long as the slice is used.
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.ptr.is_null() || self.len == 0 {
            &[]
        } else {
            core::slice::from_raw_parts(self.ptr as *const u8, self.len)
        }
    }
}

impl mh_array {
    /// An array of structs that are never freed.
    pub fn of<T>(items: &'static [T]) -> Self {
        Self::borrow(items)
    }

    /// Borrows structs: the caller keeps them for as long as the value is used.
    pub fn borrow<T>(items: &[T]) -> Self {
        if items.is_empty() {
            return Self::default();
        }
        Self {
            items: items.as_ptr() as *const c_void,
            count: items.len() as u32,
            stride: core::mem::size_of::<T>() as u32,
        }
    }

    /// Element `index` by the reader's rule: what the other side's elements lack is zero.
    ///
    /// # Safety
    /// The array holds structs of type `T` (of any minor version), and its owner still lends it.
    pub unsafe fn at<T: Copy + Default>(&self, index: u32) -> Option<T> {
        if self.items.is_null() || index >= self.count {
            return None;
        }
        let mut element = T::default();
        let source = (self.items as *const u8).add(index as usize * self.stride as usize);
        let size = core::mem::size_of::<T>().min(self.stride as usize);
        core::ptr::copy_nonoverlapping(source, &mut element as *mut T as *mut u8, size);
        Some(element)
    }
}

impl mh_value {
    /// A signed 64-bit integer.
    pub fn integer(integer: i64) -> Self {
        Self {
            type_: MH_INT,
            reserved: 0,
            as_: Self::room(|room| room.integer = integer),
        }
    }

    /// A floating-point number.
    pub fn real(real: f64) -> Self {
        Self {
            type_: MH_FLOAT,
            reserved: 0,
            as_: Self::room(|room| room.real = real),
        }
    }

    /// Text, which the value borrows.
    pub fn text(text: mh_str) -> Self {
        Self {
            type_: MH_STRING,
            reserved: 0,
            as_: mh_value_as { text },
        }
    }

    /// A truth value.
    pub fn truth(truth: bool) -> Self {
        Self {
            type_: MH_BOOL,
            reserved: 0,
            as_: Self::room(|room| room.integer = truth as i64),
        }
    }

    /// The union is 16 bytes: those that a member does not cover are zero.
    fn room(fill: impl FnOnce(&mut mh_value_as)) -> mh_value_as {
        let mut room = mh_value::default().as_;
        fill(&mut room);
        room
    }
}
