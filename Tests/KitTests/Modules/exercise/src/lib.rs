//! Uses each part of the crate modhost once, for the tests: hooks, parameters of each kind, commands with deferred replies,
//! timers that end in each way, posted and offloaded work, tables of another module.

use modhost::sys::{mh_htable, mh_htable_interface, mh_str, MH_PARAM_LIVE, MH_PARAM_REPEATABLE};
use modhost::{
    check, Argument, Builder, Call, Command, Counter, Failure, Fault, Host, Kind, Level, Parameter, Reply, Task, Value, Worker,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[cfg(not(feature = "promise"))]
modhost::module! {
    name: "exercise",
    version: env!("CARGO_PKG_VERSION"),
    summary: "Uses each part of the crate once.",
    minor: 0,
    aliases: ["exercises", "training"],
    requires: ["mh.htable/1:htable?"],
    describe: describe,
}

#[cfg(feature = "promise")]
modhost::module! {
    name: "exercise",
    version: "1",
    summary: "Promises an interface and gives none.",
    provides: ["mh.promise/1:x"],
    describe: describe,
}

struct Exercise {
    host: Host,
    words: Arc<Mutex<Vec<String>>>,
    ended: Counter,
    fired: Counter,
    late: Mutex<Option<Task>>,
}

/// Counts when it is dropped: what a closure owned is freed, once.
struct Owned(Counter);

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.add(1);
    }
}

fn describe(module: &mut Builder<Exercise>) {
    let words = Arc::new(Mutex::new(Vec::new()));
    let (listed, live) = (words.clone(), words.clone());
    module.parameter(
        Parameter::new("words", Kind::List).flags(MH_PARAM_REPEATABLE).help("Words.").set(move |value| match value {
            Value::List(items) if items.contains(&Value::Text("bad".into())) => {
                Err(Failure::new(modhost::sys::MH_E_INVALID, "\"bad\" is no good word"))
            }
            Value::List(items) => {
                listed.lock().unwrap().extend(items.iter().filter_map(|item| item.as_text().map(str::to_string)));
                Ok(())
            }
            other => panic!("a list arrives as {other:?}"),
        }),
    );
    module.parameter(Parameter::new("live", Kind::Integer).flags(MH_PARAM_LIVE).range(0, 9).help("A digit.").set(move |value| {
        live.lock().unwrap().push(format!("live={}", value.as_integer().unwrap_or(-1)));
        Ok(())
    }));
    module.parameter(Parameter::new("colour", Kind::Text).choices(&["red", "green"]).default("red").help("A colour."));
    module.parameter(Parameter::new("room", Kind::Size).default("64k").unit("bytes").help("Room."));
    module.parameter(Parameter::new("pause", Kind::Duration).default("1500ms").unit("s").help("A pause."));
    module.parameter(Parameter::new("share", Kind::Real).default("0.25").real_range(0.0, 1.0).help("A share."));
    module.parameter(Parameter::new("bold", Kind::Truth).default("yes").help("Bold or not."));
    module.parameter(Parameter::new("unset", Kind::Text).help("Has no default."));

    let command = |name, run: fn(&Exercise, &Call, &mut Reply) -> Result<(), Fault>| {
        Command::change(name, run).summary("Does what its name says.").example("exercise")
    };
    module.command(command("exercise.settings", Exercise::settings));
    module.command(
        command("exercise.echo", Exercise::echo)
            .alias("exercise.say")
            .argument(Argument::new("number", Kind::Integer))
            .argument(Argument::new("share", Kind::Real).optional())
            .argument(Argument::new("rest", Kind::Text).optional().rest()),
    );
    module.command(command("exercise.later", Exercise::later));
    module.command(command("exercise.later_slowly", Exercise::later).slow());
    module.command(command("exercise.refuse_later", Exercise::refuse_later));
    module.command(command("exercise.give_up", Exercise::give_up));
    module.command(command("exercise.not_found", Exercise::not_found));
    module.command(command("exercise.timers", Exercise::timers));
    module.command(command("exercise.post", Exercise::post));
    module.command(command("exercise.table", Exercise::table));

    let made = words.clone();
    if cfg!(not(feature = "startless")) {
        module.on_init(move |host| Exercise::start(host, made.clone()));
    }
    module.on_worker_start(|exercise, worker| {
        exercise.host.info(format_args!("worker {worker} of {} starts", exercise.host.workers()));
        Ok(())
    });
    module.on_worker_stop(|exercise, worker| exercise.host.info(format_args!("worker {worker} stops")));
    module.on_reopen(|exercise| {
        exercise.host.log_with(Level::Notice, "asked to reopen", &[("files", 0.into()), ("why", "SIGHUP".into())]);
        Ok(())
    });
    module.on_drain(|exercise| {
        exercise.host.info("draining");
        panic!("in the drain");
    });
    module.on_stop(|exercise| exercise.host.info("stopping"));
}

impl Drop for Exercise {
    fn drop(&mut self) {
        self.host.info("the state is dropped");
    }
}

impl Exercise {
    fn start(host: &Host, words: Arc<Mutex<Vec<String>>>) -> Result<Self, Failure> {
        host.computed_gauge("words", "how many words there are", {
            let words = words.clone();
            move || words.lock().unwrap().len() as i64
        })?;
        host.debug(format_args!("there is no such parameter: {:?}", host.parameter("nonsense")?));
        Ok(Self {
            host: *host,
            words,
            ended: host.counter("ended", "closures that were freed")?,
            fired: host.counter("fired", "timers that fired")?,
            late: Mutex::new(None),
        })
    }

    fn settings(&self, _: &Call, reply: &mut Reply) -> Result<(), Fault> {
        reply.map("", |reply| {
            reply.list("words", |reply| {
                self.words.lock().unwrap().iter().try_for_each(|word| reply.value("", word))
            })?;
            for name in ["colour", "room", "pause", "share", "bold", "unset"] {
                reply.value(name, &format!("{:?}", self.host.parameter(name)?))?;
            }
            reply.value("workers", &format!("{:?}", self.host.setting("workers")))?;
            reply.value("nonsense", self.host.setting("nonsense").is_none())
        })
    }

    fn echo(&self, call: &Call, reply: &mut Reply) -> Result<(), Fault> {
        reply.map("", |reply| {
            reply.value("command", call.command().as_ref())?;
            reply.value("number", call.integer(0).unwrap_or(-1))?;
            reply.value("share", call.real(1).unwrap_or(-1.0))?;
            reply.value("rest", &format!("{:?}", call.value(2)))?;
            reply.value("beyond", &format!("{:?}", call.value(3)))
        })
    }

    /// Replies from a worker, after work on another thread.
    fn later(&self, _: &Call, reply: &mut Reply) -> Result<(), Fault> {
        let mut deferred = reply.defer();
        let host = self.host;
        let owned = Owned(self.ended);
        let place = Arc::new(Mutex::new(0));
        let found = place.clone();
        self.host.offload(
            move || *place.lock().unwrap() = host.thread_index(),
            Worker::Number(1),
            move || {
                let _owned = owned;
                let worked = *found.lock().unwrap();
                let _ = deferred.map("", |reply| {
                    reply.value("off_the_workers", worked > host.workers())?;
                    reply.value("replied_on", host.thread_index())
                });
                deferred.finish();
            },
        )?;
        Ok(())
    }

    fn refuse_later(&self, _: &Call, reply: &mut Reply) -> Result<(), Fault> {
        let deferred = reply.defer();
        self.host.post(Worker::Any, move || deferred.fail(&Fault::new(409, "not after all")))?;
        Ok(())
    }

    fn give_up(&self, _: &Call, reply: &mut Reply) -> Result<(), Fault> {
        let deferred = reply.defer();
        self.host.post(Worker::Any, move || drop(deferred))?;
        Ok(())
    }

    fn not_found(&self, _: &Call, reply: &mut Reply) -> Result<(), Fault> {
        reply.begin_map("")?;
        reply.value("half", 1)?;
        Err(Fault::new(404, "no such thing"))
    }

    /// Four timers: over at once, ended by itself, ended from here, ended by the host at the stop.
    fn timers(&self, _: &Call, reply: &mut Reply) -> Result<(), Fault> {
        let (fired, soon) = (self.fired, Duration::from_millis(1));
        let owned = || Owned(self.ended);

        let once = owned();
        self.host.timer(Worker::Any, Duration::from_secs(0), None, move || {
            let _ = &once;
            fired.add(1);
        })?;

        let own: Arc<Mutex<Option<Task>>> = Arc::new(Mutex::new(None));
        let (mine, again) = (own.clone(), owned());
        let mut ticks = 0;
        *own.lock().unwrap() = Some(self.host.timer(Worker::Number(1), soon, Some(soon), move || {
            let _ = &again;
            fired.add(1);
            ticks += 1;
            if ticks == 3 {
                if let Some(task) = mine.lock().unwrap().take() {
                    task.cancel();
                    task.cancel();
                }
            }
        })?);

        let never = owned();
        let hour = Duration::from_secs(3600);
        let task = self.host.timer(Worker::Management, hour, Some(hour), move || {
            let _ = &never;
            fired.add(100);
        })?;
        task.cancel();

        let left = owned();
        *self.late.lock().unwrap() = Some(self.host.timer(Worker::Any, hour, Some(hour), move || {
            let _ = &left;
            fired.add(100);
        })?);
        reply.value("", true)
    }

    fn post(&self, _: &Call, reply: &mut Reply) -> Result<(), Fault> {
        let deferred = Arc::new(Mutex::new(Some(reply.defer())));
        let host = self.host;
        host.post(Worker::Number(2), move || {
            let first = host.thread_index();
            let sent = host.post(Worker::Main, move || {
                if let Some(mut deferred) = deferred.lock().unwrap().take() {
                    let _ = deferred.list("", |reply| {
                        reply.value("", first)?;
                        reply.value("", host.thread_index())
                    });
                    deferred.finish();
                }
            });
            if let Err(failure) = sent {
                host.error(failure);
            }
        })?;
        Ok(())
    }

    /// How many items the table `exercise` of htable has, through the C table of functions.
    fn table(&self, _: &Call, reply: &mut Reply) -> Result<(), Fault> {
        let count = unsafe {
            let (htable, ctx) = self.host.acquire::<mh_htable_interface>("mh.htable/1", "htable")?;
            let (open, count) = match (htable.open, htable.count) {
                (Some(open), Some(count)) => (open, count),
                _ => return Err(Fault::new(500, "htable is too old")),
            };
            let mut table: *mut mh_htable = std::ptr::null_mut();
            check(|err| open(ctx, mh_str::of("exercise"), &mut table, err))?;
            count(ctx, table)
        };
        reply.value("", count)
    }
}
