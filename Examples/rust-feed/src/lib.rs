//! htable-feed: follows tables of the module htable and writes each change as a line of JSON to a file or a UNIX socket.
//!
//! Changes are told on the thread that makes them, so nothing may wait there: they go into a bounded queue, and a thread of
//! this module writes them out.

mod feed;
mod json;
mod output;
mod queue;

use feed::Feed;
use modhost::sys::{MH_PARAM_REPEATABLE, MH_PARAM_REQUIRED};
use modhost::{Builder, Call, Command, Failure, Fault, Host, Kind, Parameter, Reply, Value};
use output::Place;
use std::sync::{Mutex, PoisonError};

modhost::module! {
    name: "htable-feed",
    version: env!("CARGO_PKG_VERSION"),
    summary: "Writes the changes of htable's tables as JSON lines.",
    aliases: ["htable_feed"],
    requires: ["mh.htable/1:htable"],
    describe: describe,
}

/// The tables to follow, in the order of the config. Written before `start`, on main.
static TABLES: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn add_tables(value: Value) -> Result<(), Failure> {
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Value::List(names) = value {
        for name in names.iter().filter_map(Value::as_text) {
            if !tables.iter().any(|table| table == name) {
                tables.push(name.to_string());
            }
        }
    }
    Ok(())
}

fn describe(module: &mut Builder<Feed>) {
    module.parameter(
        Parameter::new("tables", Kind::List)
            .flags(MH_PARAM_REQUIRED | MH_PARAM_REPEATABLE)
            .help("The tables to follow.")
            .set(add_tables),
    );
    module.parameter(
        Parameter::new("output", Kind::Text)
            .flags(MH_PARAM_REQUIRED)
            .help("Where the lines go: file:/PATH is appended to, unix:/PATH is connected to."),
    );
    module.parameter(
        Parameter::new("queue", Kind::Integer)
            .default("10000")
            .range(1, 10_000_000)
            .unit("lines")
            .help("How many lines may wait to be written; more are lost, and the feed says how many."),
    );
    module.command(
        Command::read("htable_feed.status", status)
            .summary("Shows the output, and how many lines are written, waiting and lost.")
            .example("htable_feed.status"),
    );
    module.on_init(start);
    module.on_reopen(|feed| {
        feed.reopen();
        Ok(())
    });
    module.on_stop(Feed::stop);
}

fn start(host: &Host) -> Result<Feed, Failure> {
    let place = Place::parse(host.parameter("output")?.as_text().unwrap_or_default())?;
    let room = host.parameter("queue")?.as_integer().unwrap_or(10_000);
    let tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Feed::start(host, &tables, place, usize::try_from(room).unwrap_or(usize::MAX))
}

fn status(feed: &Feed, _: &Call, reply: &mut Reply) -> Result<(), Fault> {
    let standing = feed.standing();
    reply.map("", |reply| {
        reply.value("output", &standing.output)?;
        reply.value("ready", standing.is_ready)?;
        reply.value("written", standing.written)?;
        reply.value("waiting", standing.waiting)?;
        reply.value("lost", standing.lost)
    })
}
