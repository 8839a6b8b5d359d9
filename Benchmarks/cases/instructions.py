"""instructions of one operation in user space, counted by callgrind: they do not vary with the machine, nor with what else runs on it"""

import copy
import os
import re
import shutil
import socket
import struct
import subprocess
from contextlib import contextmanager

from bench.measure import Figure
from bench.run import Skip

MODULES = ["mi-fifo", "flatstore", "htable", "timestore"]
SERIES = b"11111111-2222-3333-4444-555555555555"
RECORDS = 10_000

# A route for each kind of turn; $arg(1) is how many.
TURNS = {
    "empty": "",
    "arithmetic": "$var(x) = ($var(x) + $var(i) * 3) & 65535;",
    "get": "$var(x) = $sht(bench=>key);",
    "inc": "$var(x) = $shtinc(bench=>key);",
}


def run(bench):
    for tool in ["valgrind", "callgrind_control", "objcopy"]:
        if not shutil.which(tool):
            raise Skip(f"{tool} is not installed (apt-get install valgrind binutils)")
    bench.builder.module("module/count.c", name="bench-count")
    bench = stripped(bench)
    rows(bench)
    others(bench)


def stripped(bench):
    """The same bench on copies without debug information, whose form valgrind 3.19 cannot read."""
    folder = bench.new_folder("stripped")
    for name in ["modhost", *[f"lib{module}.so" for module in MODULES]]:
        source = os.path.join(bench.modules, name)
        if not os.path.exists(source):
            source = os.path.join(bench.release, name)
        subprocess.run(["objcopy", "--strip-debug", source, os.path.join(folder, name)], check=True, capture_output=True)
    os.symlink(os.path.join(bench.release, "modctl"), os.path.join(folder, "modctl"))
    bench = copy.copy(bench)
    bench.release = bench.modules = folder
    return bench


class Counter:
    """Reads the counters of a process under callgrind, which writes a dump of them whenever it is asked."""

    def __init__(self, bench):
        self._out = os.path.join(bench.new_folder("callgrind"), "out")
        self.prefix = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={self._out}", "--fair-sched=try"]
        self.pid = None
        self._dumps = 0

    def since(self):
        """Instructions of the whole process since the dump before."""
        self._dumps += 1
        subprocess.run(["callgrind_control", "--dump", str(self.pid)], check=True, capture_output=True)
        path = f"{self._out}.{self._dumps}"
        with open(path, errors="replace") as file:
            found = re.search(r"^totals: (\d+)", file.read(), re.MULTILINE)
        os.unlink(path)
        return int(found.group(1))

    def an_operation(self, work, times, operations=1):
        """Instructions of one operation: `work(n)` does n * `operations` of them; what twice as many cost more is theirs alone."""
        work(times)  # warms up: files are opened, tables have grown
        self.since()
        work(times)
        once = self.since()
        work(2 * times)
        return Figure.one((self.since() - once) / times / operations)


@contextmanager
def counted_host(bench, lines):
    """A host under callgrind, and its counter."""
    counter = Counter(bench)
    with bench.host(['loadmodule "mi-fifo.so"', *lines], prefix=counter.prefix) as host:
        counter.pid = host.pid
        yield host, counter


@contextmanager
def counted_floor(bench, program, *arguments):
    """A floor under callgrind: the first line that it prints, and its counter."""
    counter = Counter(bench)
    process = bench.processes.start([*counter.prefix, program, *arguments], stdout=subprocess.PIPE)
    counter.pid = process.pid
    try:
        yield process.stdout.readline().decode().strip(), counter
    finally:
        bench.processes.stop(process)
        process.stdout.close()


def told(bench, what, ours, floor=None):
    bench.report(what, "instructions", ours, floor, floor_name="C")


def rows(bench):
    times = 5_000 if bench.quick else 20_000
    for durability in ["kernel", "buffered", "ring"]:
        lines = ['loadmodule "flatstore.so"', f'modparam("flatstore", "durability", "{durability}")',
                 'loadmodule "bench-count.so"', 'modparam("bench-count", "directory", "{folder}/rows")']
        with counted_host(bench, lines) as (host, counter):
            def operation(name):
                return counter.an_operation(lambda number: host.ask("bench.count", name, number), times)
            floor = operation("floor-kernel" if durability == "kernel" else "floor-buffered")
            told(bench, f"flatstore, a row of 12 columns, {durability}", operation("row"), floor)
            if durability == "kernel":
                floor = operation("floor-batch")
                told(bench, "flatstore, the same in inserts of 50 rows", operation("row-batch"), floor)


def others(bench):
    lines = ['loadmodule "htable.so"', 'modparam("htable", "htable", "bench=>size=10;")',
             'loadmodule "timestore.so"', 'modparam("timestore", "listen", "tcp://127.0.0.1:0")',
             'modparam("timestore", "data_directory", "{folder}/series")',
             'loadmodule "bench-count.so"', 'modparam("bench-count", "directory", "{folder}/rows")',
             "max_while_loops = 1000000", "route_timeout = 600s",
             *[f"route[{name}] {{ $var(i) = 0; $var(n) = $(arg(1){{s.int}}); "
               f"while ($var(i) < $var(n)) {{ $var(i) = $var(i) + 1; {turn} }} }}" for name, turn in TURNS.items()]]
    fifo = os.path.join(bench.new_folder("echo"), "request")
    with counted_floor(bench, bench.builder.program("floors/fifo-echo.c"), fifo, "epoll") as (_, counter):
        floor = management(bench, counter, fifo)
    with counted_floor(bench, bench.builder.program("floors/timestore-server.c"), bench.new_folder("floor"), "header") as (port, counter):
        floors = series(bench, counter, int(port))
    with counted_host(bench, lines) as (host, counter):
        tables(bench, host, counter)
        scripts(bench, host, counter)
        told(bench, "mi-fifo, a request in JSON and its reply", management(bench, counter, host.fifo), floor)
        port = re.search(r"timestore listens on tcp://127\.0\.0\.1:(\d+)", host.log()).group(1)
        for what, ours in series(bench, counter, int(port)).items():
            told(bench, f"timestore, {what}", ours, floors[what])


def tables(bench, host, counter):
    times = 4_800 if bench.quick else 16_000
    for name, what in [("get", "get"), ("set", "set"), ("add", "add"), ("get-batch", "get in batches of 16"),
                       ("add-batch", "add in batches of 16")]:
        told(bench, f"htable, {what}, a key", counter.an_operation(lambda number: host.ask("bench.count", name, number), times))


def scripts(bench, host, counter):
    times = 2_000 if bench.quick else 5_000
    host.ask("htable.seti", "bench", "key", 5)
    for name, what in [("empty", "a turn of an empty loop"), ("arithmetic", "a turn with arithmetic"),
                       ("get", "a turn with a get of $sht"), ("inc", "a turn with $shtinc")]:
        told(bench, f"script, {what}", counter.an_operation(lambda number: host.ask("route.run", name, number), times))


def management(bench, counter, fifo):
    """A request of core.echo in JSON until its reply is closed."""
    client = bench.builder.program("clients/fifo-load.c", "-pthread")

    def requests(number):
        subprocess.run([client, fifo, "1", str(number), "kept"], check=True, capture_output=True)

    return counter.an_operation(requests, 20 if bench.quick else 80)


def series(bench, counter, port):
    """Figures of timestore, or of the floor that speaks its protocol, by what was done."""
    found = {}
    batches = 2 if bench.quick else 5
    with socket.create_connection(("127.0.0.1", port)) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin = moment = 1_700_000_000

        def ask(kind, count, start, end, records=b""):
            stream.sendall(struct.pack("<I40sIII", kind, SERIES, count, start, end) + records)
            return struct.unpack("<I", received(stream, 4))[0]

        def put_single(number):
            nonlocal moment
            for _ in range(number):
                moment += 1
                if ask(2, 1, moment, 0) != 1:
                    raise OSError("a PUT stored nothing")

        def put_batches(number):
            nonlocal moment
            for _ in range(number):
                records = b"".join(struct.pack("<If", moment + at, 20.5) for at in range(1, RECORDS + 1))
                moment += RECORDS
                if ask(2, RECORDS, 0, 0, records) != RECORDS:
                    raise OSError("a PUT did not store all records")

        def get(number):
            count = 0
            for _ in range(number):
                count = ask(1, 0, begin, moment)
                received(stream, 8 * count)
            return count

        found["PUT of a single record"] = counter.an_operation(put_single, 50 if bench.quick else 150)
        found[f"PUT in batches of {RECORDS:,}, a record"] = counter.an_operation(put_batches, batches, RECORDS)
        found["GET of all records, a record"] = counter.an_operation(get, batches, get(1))
    return found


def received(stream, size):
    """Exactly `size` bytes of a stream."""
    parts = []
    while size > 0:
        part = stream.recv(min(size, 1 << 20))
        if not part:
            raise OSError("the connection was closed")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
