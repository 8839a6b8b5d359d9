"""Time series: records of a time and a value a second apart, one series: written in batches and one by one, read back."""

import contextlib
import os
import re

from bench.measure import interleaved
from peers import peer
from peers.influxdb import InfluxDB
from peers.rrdcached import Rrdcached
from peers.sqlite import SQLite
from peers.victoriametrics import VictoriaMetrics

FIRST = 1_760_000_000  # the time of the first record
BATCH = 10_000
READ = 1_000_000
UNIX = ["rrdcached"]  # who is reached over a UNIX socket, and so compared with ours over one
CORE = 0  # where client and server are when requests come one by one: what is measured then is no wake-up of another core


class Clock:
    """The time of the next record of a series, so that every round appends behind the last one."""

    def __init__(self):
        self.time = FIRST

    def take(self, records):
        """The time of the first of so many records."""
        self.time += records
        return self.time - records


class Subject:
    """A server of time series, and how it is reached."""

    def __init__(self, client, kind, server, address, clock=None):
        self.client = client
        self.kind = kind
        self.server = server
        self.address = address
        self.clock = clock or Clock()

    def put(self, records, batch, core=None):
        """CPU and wall nanoseconds a record, and the median microseconds of a request."""
        before = peer.cpu_ns(self.server)
        wall, middle = self.client.run(self.kind, self.address, "put", records, batch, self.clock.take(records), core=core)
        return {"cpu": (peer.cpu_ns(self.server) - before) / records, "wall": float(wall), "p50": float(middle)}

    def get(self):
        """CPU and wall nanoseconds a record of reading back the first million."""
        before = peer.cpu_ns(self.server)
        wall, _ = self.client.run(self.kind, self.address, "get", READ, 0, FIRST)
        return {"cpu": (peer.cpu_ns(self.server) - before) / READ, "wall": float(wall)}


class InProcess:
    """SQLite as such a subject: without a server, and so without requests."""

    def __init__(self, database):
        self.database = database
        self.clock = Clock()
        self.server = None

    def put(self, records, batch, core=None):
        cpu, wall = self.database.run("put", records, batch, first_time=self.clock.take(records))
        return {"cpu": cpu, "wall": wall, "p50": wall / 1000}

    def get(self):
        cpu, wall = self.database.run("get", READ, 0, first_time=FIRST)
        return {"cpu": cpu, "wall": wall}


def run(bench):
    client = peer.client(bench, "clients/series.c")
    rounds = bench.rounds(3)
    batch_records, single_records = (50_000, 300) if bench.quick else (100_000, 500)
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(bench.host([
            "workers = 1", 'loadmodule "mi-fifo.so"', 'loadmodule "timestore.so"', 'modparam("timestore", "listen", "tcp://127.0.0.1:0")',
            'modparam("timestore", "listen", "unix:{folder}/timestore.sock")',
            'modparam("timestore", "data_directory", "{folder}/series")']))
        port = re.search(r"127\.0\.0\.1:(\d+)", str(host.ask("timestore.stats"))).group(1)
        subjects = {"ours": Subject(client, "timestore", host, f"127.0.0.1:{port}")}
        over_unix = Subject(client, "timestore", host, os.path.join(host.folder, "timestore.sock"), subjects["ours"].clock)
        names = {}
        for each in peer.installed(bench, InfluxDB, VictoriaMetrics, Rrdcached):
            arguments = [FIRST, READ + 1_000_000] if each is Rrdcached else []
            server = stack.enter_context(each(bench, *arguments))
            for kind in each.kinds:
                names[kind] = each.name() + (" (JSON)" if kind.endswith("-json") else "")
                subjects[kind] = Subject(client, kind, server, server.address)
        if "victoria-json" in subjects:  # behind what the other puts into the same series
            subjects["victoria-json"].clock.take(10_000_000)
        try:
            subjects["sqlite"] = InProcess(SQLite(bench))
            names["sqlite"] = SQLite.name()
        except peer.Missing as reason:
            bench.note(f"NOT MEASURED: {reason}")
        if not names:
            return
        by_batches(bench, subjects, names, rounds, batch_records)
        reading(bench, {name: each for name, each in subjects.items() if name != "victoria-json"}, names, rounds)
        one_by_one(bench, {**subjects, "ours unix": over_unix}, names, rounds, single_records)


def by_batches(bench, subjects, names, rounds, batch_records):
    batches = interleaved(rounds, {name: lambda each=each: each.put(batch_records, BATCH) for name, each in subjects.items()}, warm_up=1)
    for name, title in names.items():
        bench.report("record put, batches of 10,000", "ns", batches["ours"]["cpu"], batches[name]["cpu"], floor_name=title,
                     ratio="floor/ours")
    for name, title in names.items():
        bench.report("record put, batches of 10,000, wall", "ns", batches["ours"]["wall"], batches[name]["wall"], floor_name=title,
                     ratio="floor/ours")


def reading(bench, subjects, names, rounds):
    for each in subjects.values():
        each.put(FIRST + READ - each.clock.time, BATCH)
        if each.server and hasattr(each.server, "settle"):
            each.server.settle()
    reads = interleaved(rounds, {name: each.get for name, each in subjects.items()})
    for name, title in names.items():
        if name in reads:
            bench.report("record read, a million at once", "ns", reads["ours"]["cpu"], reads[name]["cpu"], floor_name=title,
                         ratio="floor/ours")
    for name, title in names.items():
        if name in reads:
            bench.report("a million read at once, 8 bytes each, wall", "MB/s", speed(reads["ours"]["wall"]), speed(reads[name]["wall"]),
                         floor_name=title, better="more", ratio="ours/floor")


def one_by_one(bench, subjects, names, rounds, single_records):
    for each in subjects.values():
        if each.server:
            peer.pin(each.server, CORE)
    singles = interleaved(rounds, {name: lambda each=each: each.put(single_records, 1, CORE) for name, each in subjects.items()},
                          warm_up=1)
    for name, title in names.items():
        ours = "ours unix" if name in UNIX else "ours"
        bench.report("request that puts one record, on one core", "us", singles[ours]["cpu"].scaled(1e-3),
                     singles[name]["cpu"].scaled(1e-3), floor_name=title, ratio="floor/ours")
    for name, title in names.items():
        ours = "ours unix" if name in UNIX else "ours"
        bench.report("request that puts one record, on one core, p50, wall", "us", singles[ours]["p50"], singles[name]["p50"],
                     floor_name=title, ratio="floor/ours")


def speed(wall):
    """Megabytes a second from nanoseconds a record of 8 bytes."""
    return type(wall)(8000 / wall.median, 8000 / wall.high, 8000 / wall.low, wall.rounds)
