"""single calls, batches, memory, expiry and latency through mh.htable/1, beside a C table with inline entries"""

import os
import subprocess
import threading
import time

from bench.measure import Figure

SINGLE = ["get", "set", "add"]
LINES = [
    'loadmodule "mi-fifo.so"',
    'loadmodule "htable.so"',
    'modparam("htable", "htable", "bench=>size=16;")',
    'modparam("htable", "htable", "expiring=>size=16;autoexpire=86400;")',
    'loadmodule "bench-htable.so"',
]


def run(bench):
    bench.builder.module("module/htable.c", name="bench-htable")
    with bench.host(LINES) as host:
        single(bench, host)
        expiry(bench, host)
        latency(bench, host)


def single(bench, host):
    for entries in [1000, 10_000, 100_000, 1_000_000]:
        got = host.ask("bench.htable", entries, bench.rounds(5))
        is_marked = entries == 1_000_000
        for kind in SINGLE + ["get_batch"]:
            name = "get in batches of 16" if kind == "get_batch" else kind
            mark = 1.3 if kind == "get_batch" else 1.15
            bench.report(f"{name}, {entries:,} entries, a key", "ns", Figure.one(got[kind + "_ns"]),
                         Figure.one(got[kind + "_floor_ns"]), floor_name="C table", mark=mark if is_marked else None,
                         x={"entries": entries}, curve=None if is_marked else f"htable-{kind}")


def expiry(bench, host):
    entries = 100_000 if bench.quick else 1_000_000
    got = host.ask("bench.htable_expiry", entries)
    expired = host.ask("get_statistics", "htable:")
    bench.report(f"expiry of {entries:,}, an expired entry", "ns", Figure.one(got["cpu_ns_per_entry"]), most=200)
    bench.report("  beside it, a live entry and second", "ns", Figure.one(got["idle_cpu_ns_per_live_entry"]))
    if got["left"] > entries:
        bench.note(f"FAILED: {got['left']:.0f} entries are left, expected {entries}; statistics: {expired}")


def latency(bench, host):
    """Ten million entries of 16 + 32 bytes: a dump of all, then a dump beside one thread's calls, then a million expire."""
    entries = 1_000_000 if bench.quick else int(os.environ.get("LARGE", 10_000_000))
    soon = 90
    filled = time.time()
    got = host.ask("bench.htable_fill", entries, entries // 10, soon)
    bench.report(f"memory an entry beside its 48 bytes, {entries:,}", "B", Figure.one(got["bytes_per_entry"] - 48), most=48)
    host.reset_peak()
    before = host.peak_bytes()
    seconds, size = dump(host)
    bench.report(f"dump over the FIFO, {size / 1e6:.0f} MB, wall", "s", Figure.one(seconds))
    bench.report("  memory beside the table for it", "MiB", Figure.one((host.peak_bytes() - before) / 2**20), most=32)
    calls(bench, host, "while it grows", 5)
    dumping = threading.Thread(target=dump, args=(host,))
    dumping.start()
    calls(bench, host, "beside a dump of all", 8)
    dumping.join()
    time.sleep(max(0, filled + soon - 3 - time.time()))  # until just before a tenth expires
    calls(bench, host, f"while {entries // 10:,} expire", 10)


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
