//! The descriptor: parameters, commands, interfaces and hooks. What it allocates lives as long as the process, as the
//! contract wants.

mod command;
mod hooks;
mod parameter;

pub use command::{Argument, Command, Kind};
pub use parameter::Parameter;

use crate::sys::*;
use crate::{Failure, Host};
use hooks::Hooks;
use std::ffi::c_void;

type RawChange = Box<dyn FnOnce(&mut mh_module)>;

/// Builds a module's descriptor in `describe`. `S` is the module's state, which `on_init` makes; commands and hooks are
/// lent it from then on, on several threads at once.
pub struct Builder<S> {
    descriptor: mh_module,
    note: &'static str,
    parameters: Vec<mh_param>,
    commands: Vec<Command<S>>,
    tables: Vec<mh_interface>,
    hooks: Hooks<S>,
    raw: Vec<RawChange>,
}

impl<S: Send + Sync + 'static> Builder<S> {
    pub(crate) fn new(note: &'static str, summary: &'static str) -> Self {
        let descriptor = mh_module {
            abi_major: MH_ABI_MAJOR,
            summary: mh_str::of(summary),
            ..mh_module::sized()
        };
        Self {
            descriptor,
            note,
            parameters: Vec::new(),
            commands: Vec::new(),
            tables: Vec::new(),
            hooks: Hooks::default(),
            raw: Vec::new(),
        }
    }

    /// Adds a parameter.
    pub fn parameter(&mut self, parameter: Parameter) {
        self.parameters.push(parameter.raw());
    }

    /// Adds a management command.
    pub fn command(&mut self, command: Command<S>) {
        self.commands.push(command);
    }

    /// The table of functions behind an interface that `provides` names.
    ///
    /// # Safety
    /// `table` is what modhost's header of that interface describes, begins with its size, and is never freed.
    pub unsafe fn provide(&mut self, id: &'static str, selector: &'static str, table: *const c_void, context: *mut c_void) {
        self.tables.push(mh_interface {
            id: mh_str::of(id),
            selector: mh_str::of(selector),
            table,
            ctx: context,
            ..mh_interface::sized()
        });
    }

    /// Starts the module: every parameter is set, providers are running. Main thread. Every module has this one.
    pub fn on_init(&mut self, start: impl Fn(&Host) -> Result<S, Failure> + Send + Sync + 'static) {
        self.hooks.start = Some(Box::new(start));
    }

    /// Runs on each worker before it serves anything; the number is the worker's thread index.
    pub fn on_worker_start(&mut self, run: impl Fn(&S, u32) -> Result<(), Failure> + Send + Sync + 'static) {
        self.hooks.worker_start = Some(Box::new(run));
    }

    /// Runs on each worker after the drain.
    pub fn on_worker_stop(&mut self, run: impl Fn(&S, u32) + Send + Sync + 'static) {
        self.hooks.worker_stop = Some(Box::new(run));
    }

    /// Reopens files (SIGHUP). Main thread.
    pub fn on_reopen(&mut self, run: impl Fn(&S) -> Result<(), Failure> + Send + Sync + 'static) {
        self.hooks.reopen = Some(Box::new(run));
    }

    /// Takes no new work and finishes what is under way. Main thread.
    pub fn on_drain(&mut self, run: impl Fn(&S) + Send + Sync + 'static) {
        self.hooks.drain = Some(Box::new(run));
    }

    /// Ends the module; its state is dropped afterwards. Main thread.
    pub fn on_stop(&mut self, run: impl Fn(&S) + Send + Sync + 'static) {
        self.hooks.stop = Some(Box::new(run));
    }

    /// Changes the finished descriptor as the C ABI has it: for script functions and whatever else has no safe form here.
    ///
    /// # Safety
    /// The descriptor stays one that keeps the contract, and what it points to is never freed.
    pub unsafe fn raw(&mut self, change: impl FnOnce(&mut mh_module) + 'static) {
        self.raw.push(Box::new(change));
    }

    /// The descriptor, never freed.
    pub(crate) fn finish(mut self) -> Result<*mut mh_module, Failure> {
        if self.hooks.start.is_none() {
            return Err(Failure::new(MH_E_INVALID, "`describe` gives no function to on_init"));
        }
        self.read_note()?;
        let hooks: &'static Hooks<S> = Box::leak(Box::new(self.hooks));
        self.descriptor.params = leak(self.parameters);
        self.descriptor.commands = leak(self.commands.into_iter().map(|command| command.raw(hooks)).collect());
        hooks.install(&mut self.descriptor);
        for change in self.raw {
            change(&mut self.descriptor);
        }
        Ok(Box::into_raw(Box::new(self.descriptor)))
    }

    /// Name, version, minor, aliases and interfaces stand in the note; the descriptor says the same.
    fn read_note(&mut self) -> Result<(), Failure> {
        let (mut aliases, mut requirements, mut interfaces) = (Vec::new(), Vec::new(), Vec::new());
        for (key, value) in self.note.lines().filter_map(|line| line.split_once('=')) {
            match key {
                "name" => self.descriptor.name = mh_str::of(value),
                "version" => self.descriptor.version = mh_str::of(value),
                "abi" => {
                    let minor = value.split_once('.').and_then(|(_, minor)| minor.parse().ok());
                    self.descriptor.abi_minor = minor.ok_or_else(|| {
                        Failure::new(MH_E_INVALID, format!("\"{value}\" is no version of the ABI such as 1.0"))
                    })?;
                }
                "alias" => aliases.push(mh_str::of(value)),
                "requires" => {
                    let optional = value.ends_with('?');
                    let (id, selector) = split(value.trim_end_matches('?'));
                    requirements.push(mh_requirement {
                        flags: if optional { MH_REQUIRE_OPTIONAL } else { 0 },
                        id: mh_str::of(id),
                        selector: mh_str::of(selector),
                        ..mh_requirement::sized()
                    });
                }
                "provides" => interfaces.push(self.table(value)?),
                _ => {}
            }
        }
        if interfaces.len() != self.tables.len() {
            return Err(Failure::new(
                MH_E_INVALID,
                format!(
                    "`describe` provides {} interfaces, `provides` names {}",
                    self.tables.len(),
                    interfaces.len()
                ),
            ));
        }
        self.descriptor.aliases = leak(aliases);
        self.descriptor.requires_ = leak(requirements);
        self.descriptor.provides = leak(interfaces);
        Ok(())
    }

    fn table(&self, named: &str) -> Result<mh_interface, Failure> {
        let (id, selector) = split(named);
        self.tables
            .iter()
            // Sound: both texts are static.
            .find(|table| unsafe { table.id.bytes() == id.as_bytes() && table.selector.bytes() == selector.as_bytes() })
            .copied()
            .ok_or_else(|| Failure::new(MH_E_INVALID, format!("`describe` gives no table for \"{named}\"")))
    }
}

/// "mh.db/1:csv" is an id and a selector; without a colon the selector is empty.
fn split(text: &str) -> (&str, &str) {
    text.split_once(':').unwrap_or((text, ""))
}

/// Structs of the ABI that are never freed.
fn leak<T: 'static>(items: Vec<T>) -> mh_array {
    if items.is_empty() {
        return mh_array::default();
    }
    mh_array::of(Box::leak(items.into_boxed_slice()))
}
