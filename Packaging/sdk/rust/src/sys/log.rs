//! modhost/log.h: service "mh.log/1": one line of text with a level and structured fields.

use super::*;

/// Levels, as in Kamailio: the lower, the graver.
pub const MH_LOG_ALERT: i32 = -5;
pub const MH_LOG_BUG: i32 = -4;
pub const MH_LOG_CRITICAL: i32 = -3;
pub const MH_LOG_ERROR: i32 = -1;
pub const MH_LOG_WARNING: i32 = 0;
pub const MH_LOG_NOTICE: i32 = 1;
pub const MH_LOG_INFO: i32 = 2;
pub const MH_LOG_DEBUG: i32 = 3;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_log_field {
    pub struct_size: u32,
    pub reserved: u32,
    pub name: mh_str,
    pub value: mh_value,
}
zeroed!(mh_log_field);

pub const MH_LOG_SERVICE: &str = "mh.log/1";

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_log_service {
    pub struct_size: u32,
    pub reserved: u32,
    /// The address of this module's level: a line is wanted when its level \<= *address. Reading it costs one load; the host
    /// may change it at any time. (thread: any) (phase: init+run+stop) (blocks: no) (owns: the host's, for ever)
    pub level: Option<unsafe extern "C" fn(self_: *mut mh_self) -> *const i32>,
    /// Writes one line; the host adds time, thread and the module's name. fields: array of mh_log_field, may be NULL.
    /// (thread: any) (phase: init+run+stop) (blocks: no) (owns: text and fields are borrowed and copied)
    pub write: Option<unsafe extern "C" fn(self_: *mut mh_self, level: i32, text: mh_str, fields: *const mh_array)>,
}
zeroed!(mh_log_service);
