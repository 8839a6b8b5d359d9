"""loops of script beside Kamailio with its fast allocator; keys; workers"""

import json
import os
import shutil
import socket
import time

from bench import process as processes
from bench.build import HERE
from bench.measure import Figure

LOOPS = ["empty", "arithmetic", "condition", "call", "sht-get", "sht-get-text", "sht-set", "sht-inc", "text"]
MARKED = ["sht-get", "sht-inc"]
TURNS = 200_000
MOST_TURNS = 100_000_000
KEYS = [1 << 10, 1 << 14, 1 << 17, 1 << 20]
TABLES = 'modparam("htable", "htable", "bench=>size=10;")\nmodparam("htable", "htable", "many=>size=16;")'
LOOPS_FILE = os.path.join(HERE, "routes.cfg")


class Ours:
    """Our host, asked through module ask; several askers are served by as many workers."""

    name = "ours"

    def __init__(self, bench, workers=1, turns=TURNS):
        self.host = bench.host([
            f"#!define TURNS {turns}", f"workers = {workers}", "route_timeout = 600s", f"max_while_loops = {MOST_TURNS}",
            'loadmodule "ask.so"', 'modparam("ask", "listen", "unix:{folder}/ask.sock")', 'loadmodule "htable.so"', TABLES,
            f'include_file "{LOOPS_FILE}"'])
        self.connections = [self._connect() for _ in range(workers)]

    def _connect(self):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(300)
        connection.connect(os.path.join(self.host.folder, "ask.sock"))
        return connection

    def send(self, loop, keys=1, connection=0):
        question = {"ruri_user": loop, "headers": {"X-Mask": str(keys - 1)}}
        self.connections[connection].sendall(json.dumps(question).encode() + b"\n")

    def receive(self, connection=0):
        """The microseconds that the loop said it took."""
        answer = json.loads(self.connections[connection].recv(65536))
        if answer["code"] != 200:
            raise OSError(f"a loop ended with {answer}\n{self.host.log()[-1000:]}")
        return int(answer["text"])

    def cpu_ns(self):
        return self.host.cpu_ns()

    def stop(self):
        for connection in self.connections:
            connection.close()
        self.host.stop()


class Kamailio:
    """Kamailio with one receiver, asked over SIP."""

    name = "Kamailio (tlsf)"

    def __init__(self, bench, turns=TURNS):
        folder = bench.new_folder("kamailio")
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(300)
        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        taken.bind(("127.0.0.1", 0))
        self.address = taken.getsockname()
        taken.close()
        self.calls = 0
        config = os.path.join(folder, "kamailio.cfg")
        with open(config, "w") as file:
            file.write("\n".join([
                "#!KAMAILIO", f"#!define TURNS {turns}", "debug = 0", "log_stderror = yes",
                f"listen = udp:127.0.0.1:{self.address[1]}", "children = 1", "disable_tcp = yes", f"max_while_loops = {MOST_TURNS}",
                'loadmodule "kex.so"', 'loadmodule "sl.so"', 'loadmodule "pv.so"', 'loadmodule "htable.so"', TABLES,
                f'include_file "{LOOPS_FILE}"', ""]))
        self.log = os.path.join(folder, "log")
        with open(self.log, "w") as log:
            self.process = bench.processes.start(
                ["kamailio", "-x", "tlsf", "-X", "tlsf", "-DD", "-E", "-m", "1024", "-M", "16", "-Y", folder, "-f", config], stdout=log, stderr=log)
        self.bench = bench
        processes.wait_until(self._is_ready, "Kamailio to answer", seconds=30)

    def _is_ready(self):
        if self.process.poll() is not None:
            with open(self.log, errors="replace") as log:
                raise OSError(f"Kamailio ended with status {self.process.returncode}:\n{log.read()[-2000:]}")
        self.send("NOTHING")
        try:
            self.socket.settimeout(0.3)
            self.receive()
            return True
        except (TimeoutError, ConnectionError):
            return False
        finally:
            self.socket.settimeout(300)

    def send(self, loop, keys=1, connection=0):
        self.calls += 1
        here, there = self.socket.getsockname()[1], self.address[1]
        request = [
            f"OPTIONS sip:{loop}@127.0.0.1:{there} SIP/2.0", f"Via: SIP/2.0/UDP 127.0.0.1:{here};branch=z9hG4bK{self.calls}",
            f"From: <sip:bench@127.0.0.1>;tag={self.calls}", f"To: <sip:{loop}@127.0.0.1>", f"Call-ID: {self.calls}@bench",
            f"CSeq: {self.calls} OPTIONS", "Max-Forwards: 9", f"X-Mask: {keys - 1}", "Content-Length: 0", "", ""]
        self.socket.sendto("\r\n".join(request).encode(), self.address)

    def receive(self, connection=0):
        while True:
            lines = self.socket.recv(65536).decode().split("\r\n")
            # Answers to the questions that were asked before it was ready may come late.
            if f"CSeq: {self.calls} OPTIONS" not in lines:
                continue
            _, code, text = lines[0].split(" ", 2)
            if code != "200":
                raise OSError(f"a loop ended with {lines[0]}")
            return int(text)

    def cpu_ns(self):
        return processes.tree_cpu_ns(self.process.pid)

    def stop(self):
        self.bench.processes.stop(self.process)
        self.socket.close()


def run(bench):
    subjects = [Ours(bench)]
    if shutil.which("kamailio"):
        subjects.append(Kamailio(bench))
    else:
        bench.note("no Kamailio here: our loops stand alone")
    for loop in LOOPS:
        figures = measure(bench, subjects, loop)
        for kind in ["CPU", "wall"]:
            report(bench, f"loop, {loop}, a turn{', wall' if kind == 'wall' else ''}", figures, kind,
                   mark=5 if loop in MARKED and kind == "CPU" else None)
    for keys in KEYS[:2] if bench.quick else KEYS:
        for subject in subjects:
            took(subject, "fill", keys)
        figures = measure(bench, subjects, "sht-get-of-many", keys, rounds=3)
        report(bench, f"loop, $sht get of {keys:,} keys, a turn", figures, "CPU", x={"keys": keys}, curve="routes-keys")
    for subject in subjects:
        subject.stop()
    workers(bench)


def took(subject, loop, keys=1):
    """CPU and wall nanoseconds of one loop."""
    before = subject.cpu_ns()
    subject.send(loop.replace("-", "_"), keys)
    wall = subject.receive() * 1000
    return {"CPU": subject.cpu_ns() - before, "wall": wall}


def measure(bench, subjects, loop, keys=1, rounds=5):
    """Nanoseconds a turn of each subject, in rounds that alternate; the first round only warms up."""
    values = {subject.name: [] for subject in subjects}
    for number in range(bench.rounds(rounds) + 1):
        for subject in subjects:
            value = took(subject, loop, keys)
            if number > 0:
                values[subject.name].append(value)
    return {
        name: {kind: Figure.of(value[kind] / TURNS for value in taken) for kind in ["CPU", "wall"]}
        for name, taken in values.items()}


def report(bench, what, figures, kind, mark=None, x=None, curve=None):
    theirs = figures.get(Kamailio.name)
    bench.report(what, "ns", figures[Ours.name][kind], theirs and theirs[kind], floor_name="Kamailio", ratio="floor/ours", mark=mark,
                 x=x, curve=curve)


def workers(bench):
    """Loops on one to four workers at once: turns of all of them together. Two cores carry two of them."""
    turns = 2_000_000
    for loop in ["arithmetic", "sht-inc"]:
        for count in range(1, 5):
            subject = Ours(bench, workers=count, turns=turns)
            rates = []
            for _ in range(bench.rounds(3)):
                start = time.monotonic()
                for number in range(count):
                    subject.send(loop.replace("-", "_"), connection=number)
                for number in range(count):
                    subject.receive(number)
                rates.append(turns * count / (time.monotonic() - start) / 1e6)
            bench.report(f"loop, {loop}, workers at once: {count}, wall", "M turns/s", Figure.of(rates), better="more",
                         x={"workers": count}, curve=f"routes-workers-{loop}")
            subject.stop()
