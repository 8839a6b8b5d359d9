//! What `module!` is made of: the ELF note and the entry function.

use crate::builder::Builder;
use crate::failure::{guarded, Failure};
use crate::sys::*;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// The ELF note of modhost/note.h, with room for `N` bytes of text.
#[repr(C, align(4))]
pub struct Note<const N: usize> {
    owner_size: u32,
    text_size: u32,
    kind: u32,
    owner: [u8; 8],
    text: [u8; N],
}

impl<const N: usize> Note<N> {
    pub const fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut room = [0; N];
        let mut index = 0;
        while index < bytes.len() {
            room[index] = bytes[index];
            index += 1;
        }
        Self {
            owner_size: 8,
            text_size: N as u32,
            kind: MH_NOTE_TYPE,
            owner: *b"modhost\0",
            text: room,
        }
    }
}

/// The bytes that a note's text takes: with a NUL, rounded up to a multiple of four.
pub const fn note_room(text: &str) -> usize {
    (text.len() + 1 + 3) & !3
}

/// The descriptor of a module, once it is built.
pub struct Entry(AtomicPtr<mh_module>);

impl Entry {
    #[allow(clippy::new_without_default)] // for a static, in which nothing but a const function can be called
    pub const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }
}

/// The entry function: builds the descriptor at the first call, and answers with it.
///
/// # Safety
/// The pointers are those of the host's call.
pub unsafe fn enter<S: Send + Sync + 'static>(
    entry: &'static Entry,
    note: &'static str,
    summary: &'static str,
    describe: fn(&mut Builder<S>),
    offer: *const mh_offer,
    module: *mut *const mh_module,
    err: *const mh_error,
) -> i32 {
    guarded(err, || {
        let major = offer.as_ref().map(|offer| offer.abi_major);
        if major != Some(MH_ABI_MAJOR) {
            let found = major.map_or("none".to_string(), |major| major.to_string());
            return Err(Failure::new(
                MH_E_ABI,
                format!("it is built for module ABI {MH_ABI_MAJOR}, this host offers {found}; install versions that fit"),
            ));
        }
        if module.is_null() {
            return Err(Failure::new(MH_E_INVALID, "the host gave no place for the descriptor"));
        }
        let mut descriptor = entry.0.load(Ordering::Acquire);
        if descriptor.is_null() {
            let mut builder = Builder::new(note, summary);
            describe(&mut builder);
            descriptor = builder.finish()?;
            entry.0.store(descriptor, Ordering::Release);
        }
        *module = descriptor;
        Ok(MH_OK)
    })
}
