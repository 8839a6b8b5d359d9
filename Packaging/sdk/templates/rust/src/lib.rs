//! @NAME@: a module for modhost. One parameter, one command, one timer, one counter; replace them with your own.

use modhost::{Argument, Builder, Call, Command, Failure, Fault, Host, Kind, Parameter, Reply, Worker};
use std::time::Duration;

modhost::module! {
    name: "@NAME@",
    version: env!("CARGO_PKG_VERSION"),
    summary: "Greets, and counts the seconds.",
    describe: describe,
}

/// What the module keeps from its start to its stop; commands and hooks are lent it on several threads at once.
struct Module {
    greeting: String,
}

/// Pure and quick: work begins in `start`.
fn describe(module: &mut Builder<Module>) {
    module.parameter(Parameter::new("greeting", Kind::Text).default("Hello").help("What comes before the name."));
    module.command(
        Command::read("@IDENT@.greet", Module::greet)
            .summary("Greets somebody.")
            .example("@IDENT@.greet Alice")
            .argument(Argument::new("who", Kind::Text).optional().help("Whom to greet; the world without it.")),
    );
    module.on_init(Module::start);
}

impl Module {
    /// Main thread; every parameter is set. The host ends the timer when the module stops.
    fn start(host: &Host) -> Result<Self, Failure> {
        let greeting = host.parameter("greeting")?.as_text().unwrap_or_default().to_string();
        let seconds = host.counter("seconds", "seconds since the start")?;
        // Once a second, on a worker: no waiting there.
        let second = Duration::from_secs(1);
        host.timer(Worker::Any, second, Some(second), move || seconds.add(1))?;
        Ok(Self { greeting })
    }

    /// @IDENT@.greet [WHO], on the management thread; the host has checked the arguments.
    fn greet(&self, call: &Call, reply: &mut Reply) -> Result<(), Fault> {
        let who = call.text(0).unwrap_or_else(|| "world".into());
        let text = format!("{}, {who}!", self.greeting);
        reply.map("", |reply| reply.value("text", &text))
    }
}
