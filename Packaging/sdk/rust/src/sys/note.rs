//! modhost/note.h: the ELF note that lets the host judge a module before any of its code runs.
//!
//! [`module!`](crate::module) emits it.

pub const MH_NOTE_OWNER: &str = "modhost";
pub const MH_NOTE_TYPE: u32 = 1;
pub const MH_NOTE_SECTION: &str = ".note.modhost";
