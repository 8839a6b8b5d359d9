"""single calls, batches, threads, memory, expiry and latency through mh.htable/1, beside a C table with inline entries"""

import os
import re
import subprocess
import threading
import time

from bench.host import HostFailure
from bench.measure import Figure

SINGLE = ["get", "set", "add"]
BATCHES = ["get_batch", "set_batch", "add_batch"]
MILLION = 1_000_000
LINES = [
    'loadmodule "mi-fifo.so"',
    'loadmodule "htable.so"',
    'modparam("htable", "htable", "bench=>size=16;")',
    'modparam("htable", "htable", "expiring=>size=16;autoexpire=86400;")',
    'loadmodule "bench-htable.so"',
]


def run(bench):
    bench.builder.module("module/htable.c", name="bench-htable")
    for entries in [1000, 10_000, 100_000, MILLION] + ([] if bench.quick else [10 * MILLION]):
        with bench.host(LINES) as host:
            calls_alone(bench, host, entries)
            if entries == MILLION:
                threads(bench, host)
    with bench.host(LINES) as host:
        memory(bench, host)
    with bench.host(LINES) as host:
        expiry(bench, host)
    with bench.host(LINES) as host:
        latency(bench, host)


def calls_alone(bench, host, entries):
    rounds = bench.rounds(7 if entries == MILLION else 3)
    got = host.ask("bench.htable", entries, rounds)
    for kind in SINGLE + BATCHES:
        is_batch = kind in BATCHES
        ours, floor = (Figure(got[f"{kind}{part}_ns"], got[f"{kind}{part}_low_ns"], got[f"{kind}{part}_high_ns"], rounds)
                       for part in ["", "_floor"])
        what = kind.replace("_batch", " in batches of 16") + f", {entries:,} entries, a key"
        if entries == MILLION:
            bench.report(what, "ns", ours, floor, floor_name="C table", mark=1.3 if is_batch else 1.15)
        bench.report(what, "ns", ours, floor, floor_name="C table", x={"entries": entries},
                     curve=f"htable-{'batches' if is_batch else 'calls'}/{kind.removesuffix('_batch')}")


def threads(bench, host):
    for count in [1, 2, 3, 4]:
        got = host.ask("bench.htable_threads", MILLION, count)
        for kind in ["get", "set"]:
            bench.report(f"{kind}, {count} threads on one table, wall", "million/s", Figure.one(got[f"{kind}_ops_per_s"] / 1e6),
                         Figure.one(got[f"{kind}_floor_ops_per_s"] / 1e6), floor_name="C table", better="more",
                         x={"threads": count}, curve=f"htable-threads/{kind}")


def memory(bench, host):
    entries = MILLION if bench.quick else 10 * MILLION
    got = host.ask("bench.htable_memory", entries)
    bench.report(f"memory an entry of 15 + 8 bytes with an expiry, {entries:,}", "B", Figure.one(got["bytes_per_entry"]), most=60)
    bench.report("  a set that inserts", "ns", Figure.one(got["fill_ns"]))


def expired(host):
    """How many items of table expiring were removed because their time was over, by the module's own counter."""
    for line in host.ask("get_statistics", "htable:"):
        found = re.search(r"expired\.expiring\s*=\s*(\d+)", line)
        if found:
            return int(found.group(1))
    raise HostFailure("get_statistics htable: names no expired.expiring")


def expect_expired(host, before, entries):
    """A figure about expiry is worth nothing unless as many did expire."""
    gone = expired(host) - before
    if gone < entries:
        raise HostFailure(f"found {gone:,} expired entries, expected {entries:,}")


def expiry(bench, host):
    entries = MILLION // 10 if bench.quick else MILLION
    before = expired(host)
    got = host.ask("bench.htable_expiry", entries)
    expect_expired(host, before, entries)
    bench.report(f"expiry of {entries:,}, an expired entry", "ns", Figure.one(got["cpu_ns_per_entry"]), most=200)
    bench.report("  beside it, the idle process, a live entry and second", "ns", Figure.one(got["idle_cpu_ns_per_live_entry"]))


def latency(bench, host):
    """Ten million entries of 16 + 32 bytes: a dump of all, then a dump beside one thread's calls, then a million expire."""
    entries = MILLION if bench.quick else int(os.environ.get("LARGE", 10 * MILLION))
    soon = 40 if bench.quick else 75
    filled = time.time()
    got = host.ask("bench.htable_fill", entries, entries // 10, soon)
    bench.report(f"memory an entry beside its 48 bytes, {entries:,}", "B", Figure.one(got["bytes_per_entry"] - 48), most=48)
    host.reset_peak()
    before = host.peak_bytes()
    seconds, size = dump(host)
    bench.report(f"dump over the FIFO, {size / 1e6:.0f} MB, wall", "s", Figure.one(seconds))
    bench.report("  memory beside the table for it", "MiB", Figure.one((host.peak_bytes() - before) / 2**20), most=32)
    calls(bench, host, "while it grows", 5)
    sizes = []
    dumping = threading.Thread(target=lambda: sizes.append(dump(host)[1]))
    dumping.start()
    calls(bench, host, "beside a dump of all", 1 if bench.quick else 8)
    was_beside = dumping.is_alive()
    dumping.join()
    if not sizes or sizes[0] < size or not (was_beside or bench.quick):
        raise HostFailure(f"the dump beside the calls ended early or gave {sizes} bytes, expected at least {size}")
    left = filled + soon - 3 - time.time()
    if left < 0:
        raise HostFailure(f"the dumps took {-left:.0f} s too long to see the entries expire")
    time.sleep(left)  # until just before a tenth expires
    before = expired(host)
    calls(bench, host, f"while {entries // 10:,} expire", 10)
    expect_expired(host, before, entries // 10)


def calls(bench, host, when, seconds):
    got = host.ask("bench.htable_latency", seconds)
    bench.report(f"call {when}, p99.99, wall", "us", Figure.one(got["p99_99_us"]), most=1000)
    bench.report(f"  p50 (p99.9 {got['p99_9_us']:.1f}, worst {got['worst_us']:.0f} us)", "us", Figure.one(got["p50_us"]))


def dump(host):
    """Dumps table expiring through a reply FIFO, as an operator would; seconds and bytes."""
    reply = os.path.join(host.folder, "reply")
    if not os.path.exists(reply):
        os.mkfifo(reply, 0o600)
    start = time.monotonic()
    with open(host.fifo, "w") as request:
        request.write(":htable.dump:reply\nexpiring\n\n")
    counted = subprocess.run(["wc", "-c", reply], capture_output=True, text=True, check=True)
    return time.monotonic() - start, int(counted.stdout.split()[0])
