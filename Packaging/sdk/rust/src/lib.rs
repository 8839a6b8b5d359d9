//! Modules for modhost in Rust, with nothing but the standard library: [`sys`] is the C ABI as it is, the rest a safe
//! layer over it. A module is a `cdylib` that calls [`module!`] once.
//!
//! ```
//! use modhost::{Argument, Builder, Call, Command, Failure, Fault, Host, Kind, Reply};
//!
//! modhost::module! {
//!     name: "hello",
//!     version: "0.1.0",
//!     summary: "Greets",
//!     describe: describe,
//! }
//!
//! struct Hello;
//!
//! fn describe(module: &mut Builder<Hello>) {
//!     module.command(
//!         Command::read("hello.greet", Hello::greet)
//!             .summary("Greets somebody")
//!             .example("hello.greet Alice")
//!             .argument(Argument::new("who", Kind::Text).help("Whom to greet")),
//!     );
//!     module.on_init(|_: &Host| -> Result<Hello, Failure> { Ok(Hello) });
//! }
//!
//! impl Hello {
//!     fn greet(&self, call: &Call, reply: &mut Reply) -> Result<(), Fault> {
//!         reply.map("", |reply| reply.value("text", &format!("Hello, {}!", call.text(0).unwrap_or_default())))
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! No panic leaves the module: each callback catches it, and the host hears of an error instead. So keep Cargo's
//! `panic = "unwind"`, which is the default.

#[cfg(panic = "abort")]
compile_error!("with panic = \"abort\" a panic in a module would end the daemon: leave Cargo's profile at \"unwind\"");

mod builder;
mod call;
mod counter;
mod entry;
mod failure;
mod host;
mod reply;
pub mod sys;
mod tasks;
mod value;

pub use builder::{Argument, Builder, Command, Kind, Parameter};
pub use call::Call;
pub use counter::Counter;
pub use failure::{check, contained, guarded, Failure, Fault};
pub use host::{Host, Level, Worker};
pub use reply::{Deferred, Reply};
pub use tasks::Task;
pub use value::{Scalar, Value};

#[doc(hidden)]
pub use entry::{enter, note_room, Entry, Note};

/// Makes the crate a module: emits its ELF note and its entry function, which builds the descriptor once.
///
/// `name`, `version` and `summary` come first, in this order; a `minor` (of the ABI, when the module needs more than 1.0),
/// `aliases`, `provides` and `requires` may follow; `describe` is last, a function that takes a `&mut Builder<State>`. The
/// lines of `provides` and `requires` are as in modhost/note.h: `"mh.htable/1:htable"`, with a `?` at the end when
/// optional. All of these must be literals or macros such as `env!("CARGO_PKG_VERSION")`.
#[macro_export]
macro_rules! module {
    (
        name: $name:expr,
        version: $version:expr,
        summary: $summary:expr,
        $(minor: $minor:literal,)?
        $(aliases: [$($alias:literal),* $(,)?],)?
        $(provides: [$($provides:literal),* $(,)?],)?
        $(requires: [$($requires:literal),* $(,)?],)?
        describe: $describe:expr $(,)?
    ) => {
        const _: () = {
            const TEXT: &str = concat!(
                "name=", $name, "\nversion=", $version, "\nabi=1.", $crate::module!(@minor $($minor)?), "\n",
                $($("alias=", $alias, "\n",)*)?
                $($("provides=", $provides, "\n",)*)?
                $($("requires=", $requires, "\n",)*)?
            );

            #[used]
            #[link_section = ".note.modhost"]
            static NOTE: $crate::Note<{ $crate::note_room(TEXT) }> = $crate::Note::new(TEXT);

            static ENTRY: $crate::Entry = $crate::Entry::new();

            /// # Safety
            /// The caller is modhost: the pointers are as modhost/module.h has them.
            #[no_mangle]
            pub unsafe extern "C" fn mh_module_entry_v1(
                offer: *const $crate::sys::mh_offer,
                module: *mut *const $crate::sys::mh_module,
                err: *const $crate::sys::mh_error,
            ) -> i32 {
                $crate::enter(&ENTRY, TEXT, $summary, $describe, offer, module, err)
            }
        };
    };
    (@minor) => { 0 };
    (@minor $minor:literal) => { $minor };
}
