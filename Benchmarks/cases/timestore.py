"""PUT and GET over TCP beside a C server of the same protocol, one load client for both; then series, batches, connections"""

import json
import os
import re
import subprocess
from contextlib import ExitStack

from bench.measure import Figure

# One result each: the client's words, then how many rounds. `pinned`: client and server on one core.
SINGLE = ["put", "requests=3000", "batch=1"]
BATCHES = ["put", "requests=240", "batch=10000"]
MILLION = ["get", "requests=12", "records=1000000", "check=0"]
SERIES = [1, 10, 100, 1000, 10_000]
SIZES = [1, 10, 100, 1000, 10_000, 100_000]
CONNECTIONS = [1, 4, 16, 64]
STREAM_BYTES = 500_000_000


def run(bench):
    client = Client(bench)
    stream = bench.builder.program("floors/stream.c")
    recycle_pages(bench)
    with ExitStack() as stack:
        host = stack.enter_context(bench.host(lines()))
        port = re.search(r"timestore listens on tcp://127\.0\.0\.1:(\d+)", host.log()).group(1)
        subjects = {"ours": (host.pid, port)}
        for name, words in [("C", []), ("C header", ["header"]), ("C sendfile", ["sendfile"])]:
            subjects[name] = start_floor(bench, words)[1]
        # Every record that comes back is compared once; the measured GETs look at the last one of what each read brings.
        for subject in subjects.values():
            client(subject, ["get", "requests=2", "records=1000000", "check=1"])
        points(bench, client, subjects, stream)
        curves(bench, client, {name: subjects[name] for name in ["ours", "C"]})


def lines():
    return ['loadmodule "timestore.so"', 'modparam("timestore", "listen", "tcp://127.0.0.1:0")',
            'modparam("timestore", "data_directory", "{folder}/series")', 'modparam("timestore", "open_files", 12000)']


def recycle_pages(bench):
    """Touches memory that files will need: pages that the machine's own host has never given out cost four times as much."""
    path = os.path.join(bench.new_folder("pages"), "pages")
    with open(path, "wb") as file:
        for _ in range(900):
            file.write(bytes(1 << 20))
    os.remove(path)


def start_floor(bench, words):
    """The C server's process, and what the client needs to know of it."""
    program = bench.builder.program("floors/timestore-server.c")
    process = bench.processes.start([program, bench.new_folder("floor"), *words], stdout=subprocess.PIPE, text=True)
    port = process.stdout.readline().strip()
    if not port:
        raise OSError("the C server of timestore's protocol did not start")
    return process, (process.pid, port)


class Client:
    """Runs the load client, each time on series that no run before has used."""

    def __init__(self, bench):
        self.program = bench.builder.program("clients/timestore-load.c")
        self.every = os.sched_getaffinity(0)
        self.runs = 0

    def __call__(self, subject, words, pinned=False):
        pid, port = subject
        self.runs += 1
        pin(pid, {min(self.every)} if pinned else self.every)
        command = [self.program, words[0], port, str(pid), *words[1:], f"salt={self.runs}"]
        done = subprocess.run(["taskset", "-c", str(min(self.every)), *command] if pinned else command,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
        return json.loads(done.stdout)


def pin(pid, cores):
    """Puts all threads of a process onto some cores."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            os.sched_setaffinity(int(thread), cores)
        except ProcessLookupError:
            pass  # a thread that has just ended


def points(bench, client, subjects, stream):
    """What has a mark, and what explains it."""
    jobs = {
        ("single", name): (subjects[name], SINGLE, False) for name in ["ours", "C", "C header"]
    } | {
        ("single, one core", name): (subjects[name], SINGLE, True) for name in ["ours", "C", "C header"]
    } | {
        ("batches", name): (subjects[name], BATCHES, False) for name in ["ours", "C", "C header"]
    } | {
        ("million", name): (subjects[name], MILLION, False) for name in ["ours", "C", "C sendfile"]
    }
    taken, streams = {}, []
    for _ in range(bench.rounds(7)):
        for key, (subject, words, pinned) in jobs.items():
            taken.setdefault(key, []).append(client(subject, words, pinned))
        streams.append(json.loads(subprocess.run([stream, str(STREAM_BYTES)], check=True, capture_output=True, text=True).stdout))

    def pair(job, figure, floor="C"):
        return figure(taken[(job, "ours")]), figure(taken[(job, floor)])

    for job, told in [("single", "PUT of one record, CPU a request"), ("single, one core", "the same, client and server on one core")]:
        ours, floor = pair(job, cpu_a_request)
        bench.report(told, "us", ours, floor, floor_name="C", mark=1.15)
        bench.report(f"{job}: p50, wall", "us", *pair(job, p50), floor_name="C")
    bench.report("single, one core: beside C that keeps the header, too", "us", *pair("single, one core", cpu_a_request, "C header"),
                 floor_name="C header")
    bench.report("PUT of 10,000 records, CPU a record", "ns", *pair("batches", cpu_a_record), floor_name="C", mark=1.3)
    bench.report("PUT of 10,000 records: beside C that keeps the header", "ns", *pair("batches", cpu_a_record, "C header"),
                 floor_name="C header")
    bench.report("PUT of 10,000 records, records a second, wall", "million/s", *pair("batches", records_a_second), floor_name="C",
                 better="more")
    ours, floor = pair("million", megabytes_a_second)
    bench.report("GET of a million records, wall", "MB/s", ours, floor, floor_name="C", better="more", mark=0.85)
    bench.report("GET of a million: beside C with sendfile", "MB/s", ours, megabytes_a_second(taken[("million", "C sendfile")]),
                 floor_name="C sendfile", better="more")
    bench.report("GET of a million: beside a plain stream", "MB/s", ours, Figure.of(1e3 * each["bytes"] / each["wall_ns"] for each in streams),
                 floor_name="loopback", better="more")
    bench.report("GET of a million, CPU a record", "ns", *pair("million", cpu_a_record), floor_name="C")


def curves(bench, client, subjects):
    """Series, batches and connections, each over a range."""
    jobs = {}
    for count in SERIES:
        jobs[("series", count)] = ["put", f"requests={max(4000, count)}", "batch=1", f"uuids={count}", "window=64"]
    for size in SIZES:
        jobs[("batch", size)] = ["put", f"requests={min(2000, max(8, 400_000 // size))}", f"batch={size}"]
    for count in CONNECTIONS:
        jobs[("connections", count)] = ["put", "requests=4000", "batch=1", f"connections={count}"]
    taken = {}
    for _ in range(bench.rounds(3)):
        for key, words in jobs.items():
            for name, subject in subjects.items():
                # The floor never closes a file: it gets a process of its own where there are many.
                process, subject = start_floor(bench, []) if name == "C" and key[0] == "series" else (None, subject)
                taken.setdefault((key, name), []).append(client(subject, words))
                if process:
                    bench.processes.stop(process)
    for kind, at in jobs:
        ours, floor = taken[((kind, at), "ours")], taken[((kind, at), "C")]
        if kind == "series":
            bench.report(f"{at:,} series, single PUTs, 64 under way, CPU a request", "us", cpu_a_request(ours), cpu_a_request(floor),
                         floor_name="C", x={"series": at}, curve="timestore-series")
        elif kind == "batch":
            bench.report(f"{at:,} records a PUT, CPU a record", "ns", cpu_a_record(ours), cpu_a_record(floor), floor_name="C",
                         x={"records of a PUT": at}, curve="timestore-batch")
        else:
            x = {"connections": at}
            bench.report(f"{at} connections, single PUTs, CPU a request", "us", cpu_a_request(ours), cpu_a_request(floor), floor_name="C",
                         x=x, curve="timestore-connections-cpu")
            bench.report(f"{at} connections, requests a second, wall", "requests/s", requests_a_second(ours), requests_a_second(floor),
                         floor_name="C", better="more", x=x, curve="timestore-connections")


def cpu_a_request(rounds):
    return Figure.of(each["server_cpu_ns"] / each["requests"] / 1e3 for each in rounds)


def cpu_a_record(rounds):
    return Figure.of(each["server_cpu_ns"] / each["records"] for each in rounds)


def p50(rounds):
    return Figure.of(each["p50_ns"] / 1e3 for each in rounds)


def records_a_second(rounds):
    return Figure.of(1e3 * each["records"] / each["wall_ns"] for each in rounds)


def requests_a_second(rounds):
    return Figure.of(1e9 * each["requests"] / each["wall_ns"] for each in rounds)


def megabytes_a_second(rounds):
    return Figure.of(1e3 * each["bytes"] / each["wall_ns"] for each in rounds)
