"""Accounting rows of 12 columns, about 150 bytes: from a route, over TCP, and in process."""

import contextlib
import glob
import os
import re
import time

from bench import process as processes
from bench.measure import interleaved
from peers import peer
from peers.jobs import routes
from peers.kamailio import Kamailio
from peers.rsyslog import Rsyslog
from peers.sqlite import SQLite

EXTRA = "from_uri=$fu;to_uri=$tu;src_ip=$si;number=$var(i);agent=$var(agent)"

# What the module that measures flatstore does beside it.
FLOORS = {"kernel": "kernel", "buffered": "buffered", "ring": "buffered"}


def run(bench):
    from_a_route(bench)
    over_tcp(bench)
    in_process(bench)


def from_a_route(bench):
    """acc_db_request in a loop: the same route in Kamailio and here."""
    if not peer.installed(bench, Kamailio):
        return
    turns = 30000 if bench.quick else 100000
    with contextlib.ExitStack() as stack:
        subjects, counted = {}, []
        for flush in [1, 0]:
            theirs = stack.enter_context(Kamailio(bench, [
                'loadmodule "tm.so"', 'loadmodule "db_flatstore.so"', f'modparam("db_flatstore", "flush", {flush})',
                'loadmodule "acc.so"', 'modparam("acc", "db_url", "flatstore:{folder}/rows")', f'modparam("acc", "db_extra", "{EXTRA}")',
                *routes.script("rows", turns)]))
            ours = stack.enter_context(routes.host(bench, [
                'loadmodule "flatstore.so"', f'modparam("flatstore", "flush", {flush})', 'loadmodule "acc.so"',
                'modparam("acc", "db_url", "flatstore:{folder}/rows")', f'modparam("acc", "db_extra", "{EXTRA}")',
                *routes.script("rows", turns)]))
            subjects[f"theirs {flush}"] = routes.turn_of(theirs, "ROWS", turns)
            subjects[f"ours {flush}"] = routes.turn_of(ours, "ROWS", turns)
            counted += [theirs, ours]
        rounds = bench.rounds(3)
        got = interleaved(rounds, subjects, warm_up=1)
        for each in counted[:2]:  # those that write each row at once
            expect_rows(each, (rounds + 1) * turns)
    for flush, what in [(1, "kernel: one write a row"), (0, "buffered")]:
        bench.report(f"row by acc_db_request in a route, {what}", "ns", got[f"ours {flush}"], got[f"theirs {flush}"],
                     floor_name=Kamailio.name(), ratio="floor/ours")


def expect_rows(server, rows):
    """A figure of rows that are not there would be worth nothing."""
    found = 0
    for path in glob.glob(os.path.join(server.folder, "rows/*")):
        with open(path, "rb") as file:
            found += sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))
    if found != rows:
        raise peer.PeerFailure(f"{server.folder}: expected {rows} rows, found {found}")


def over_tcp(bench):
    """Lines over TCP into a file: acc parses them into columns, rsyslog takes them as they are."""
    if not peer.installed(bench, Rsyslog):
        return
    rows = 100000 if bench.quick else 300000
    sender = peer.client(bench, "clients/rows.c")
    columns = ", ".join(f"c{number}:string" for number in range(12))
    with Rsyslog(bench) as theirs, bench.host([
            "workers = 1", 'loadmodule "mi-fifo.so"', 'loadmodule "flatstore.so"', 'loadmodule "acc.so"',
            f'modparam("acc", "columns", "{columns}")', 'modparam("acc", "db_url", "flatstore:{folder}/rows")',
            'modparam("acc", "listen", "tcp://127.0.0.1:0")']) as ours:
        port = re.search(r"127\.0\.0\.1:(\d+)", str(ours.ask("acc.info"))).group(1)

        def send(server, port, folder):
            before, start = peer.cpu_ns(server), time.monotonic()
            sent = int(sender.run(port, rows)[1])
            processes.wait_until(lambda: size_of(folder) >= sent, f"{sent} bytes in {folder}", seconds=60, step=0.002)
            wall, cpu = time.monotonic() - start, peer.cpu_ns(server) - before
            for path in glob.glob(os.path.join(folder, "*.log")):
                os.truncate(path, 0)  # both append
            return {"cpu": cpu / rows, "wall": wall * 1e9 / rows}

        rsyslog_rows = os.path.dirname(theirs.rows)
        got = interleaved(bench.rounds(3), {"theirs": lambda: send(theirs, theirs.port, rsyslog_rows),
                                            "ours": lambda: send(ours, port, os.path.join(ours.folder, "rows"))}, warm_up=1)
    for clock, what in [("cpu", ""), ("wall", ", wall")]:
        bench.report(f"row as a line over TCP into a file{what}", "ns", got["ours"][clock], got["theirs"][clock], floor_name=Rsyslog.name(),
                     ratio="floor/ours")


def size_of(folder):
    return sum(os.path.getsize(path) for path in glob.glob(os.path.join(folder, "*.log")))


def in_process(bench):
    """SQLite beside flatstore through mh.db/1, both called in their own process."""
    try:
        database = SQLite(bench)
    except peer.Missing as reason:
        bench.note(f"NOT MEASURED: {reason}")
        return
    rows = 40000
    bench.builder.module("module/flatstore.c", name="bench-flatstore")
    with contextlib.ExitStack() as stack:
        hosts = {durability: stack.enter_context(bench.host([
            'loadmodule "mi-fifo.so"', 'loadmodule "flatstore.so"', f'modparam("flatstore", "durability", "{durability}")',
            'loadmodule "bench-flatstore.so"', 'modparam("bench-flatstore", "directory", "{folder}/rows")'])) for durability in FLOORS}

        def ours(durability):
            figures = hosts[durability].ask("bench.flatstore", FLOORS[durability], rows, 1, 1, 12, 1)["rounds"][0]
            return {"cpu": figures["cpu_ns"], "wall": figures["wall_ns"]}

        def theirs(count, together):
            cpu, wall = database.run("rows", count, together)
            return {"cpu": cpu, "wall": wall}

        got = interleaved(bench.rounds(3), {
            "autocommit": lambda: theirs(rows // 4, 1), "kernel": lambda: ours("kernel"),
            "thousand": lambda: theirs(rows, 1000), "ring": lambda: ours("ring"), "buffered": lambda: ours("buffered")}, warm_up=1)
    name = SQLite.name()
    for mode, other, what in [("kernel", "autocommit", "row, a transaction each, beside kernel"),
                              ("ring", "thousand", "row, 1,000 a transaction, beside ring"),
                              ("buffered", "thousand", "row, 1,000 a transaction, beside buffered")]:
        bench.report(what, "ns", got[mode]["cpu"], got[other]["cpu"], floor_name=name, ratio="floor/ours")
    bench.report("row, a transaction each, beside kernel, wall", "ns", got["kernel"]["wall"], got["autocommit"]["wall"], floor_name=name,
                 ratio="floor/ours")
