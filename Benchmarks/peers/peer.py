"""A program of somebody else's: how it is found, started in a folder of its own, measured, and stopped."""

import os
import re
import shutil
import socket
import subprocess
import time

from bench import process as processes
from bench.build import BuildFailure


class Missing(Exception):
    """A peer that is not installed; the text says what to do."""


class PeerFailure(OSError):
    """A peer, or the client that drives it, did not do what was expected; the text says what it said."""


class Peer:
    """A server under measurement, on loopback or sockets in a folder of its own. Use it as a context.

    A peer names itself (`title`), its Debian `package` and its `program`, and says how it is started (`command`) and when it is ready
    (`is_ready`). It ends with the benchmark, whatever ends that: the kernel tells it when its parent is gone.
    """

    title = package = program = ""
    patience = 20.0

    def __init__(self, bench):
        self.bench = bench
        self.folder = bench.new_folder(self.program)
        self.log_path = os.path.join(self.folder, "log")
        self.process = None

    @classmethod
    def path(cls):
        """Where the program is, also in the folders of daemons that a user's PATH does not have; raises Missing where it is not."""
        found = shutil.which(cls.program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if not found:
            raise Missing(f"{cls.title} is not installed (Debian package {cls.package}); make bench-peers installs it")
        return found

    @classmethod
    def name(cls):
        """Title and version, such as `Redis 7.0.15`; raises Missing where it is not installed."""
        cls.path()
        return f"{cls.title} {version_of(cls.package)}".strip()

    def command(self):
        """The arguments of the program; writes its configuration into the folder first, if it has one."""
        raise NotImplementedError

    def is_ready(self):
        """Whether it takes requests."""
        raise NotImplementedError

    def start(self):
        """Starts it and waits until it is ready."""
        arguments = ["setpriv", "--pdeathsig", "TERM", "--", self.path(), *self.command()]
        with open(self.log_path, "w") as log:
            self.process = self.bench.processes.start(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        try:
            processes.wait_until(self._is_ready, f"{self.title} to be ready", seconds=self.patience)
        except BaseException:
            self.stop()
            raise
        return self

    def _is_ready(self):
        if self.process.poll() is not None:
            raise PeerFailure(f"{self.title} ended with status {self.process.returncode}:\n{self.log()[-2000:]}")
        return self.is_ready()

    def log(self):
        """What it has said so far."""
        with open(self.log_path, errors="replace") as file:
            return file.read()

    @property
    def pid(self):
        return self.process.pid

    def memory_bytes(self):
        return processes.memory_bytes(self.pid)

    def stop(self):
        if self.process:
            self.bench.processes.stop(self.process)
            self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def version_of(package):
    """The version of an installed Debian package, as its authors count; empty where it is not from a package."""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
    return re.sub(r"^\d+:|[-+~].*$", "", done.stdout) if done.returncode == 0 else ""


def free_port():
    """A port of the loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def takes_connections(address):
    """Whether a server accepts at a port of the loopback, or at the path of a UNIX socket."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as probe:
        try:
            probe.connect(address if isinstance(address, str) else ("127.0.0.1", address))
        except OSError:
            return False
    return True


def installed(bench, *peers):
    """Those of the classes that are installed; the others are told, so that nobody thinks they were measured."""
    found = []
    for peer in peers:
        try:
            peer.name()
            found.append(peer)
        except Missing as reason:
            bench.note(f"NOT MEASURED: {reason}")
    return found


class Client:
    """A load generator in C: the same for this host and its peers."""

    def __init__(self, bench, source, *flags):
        self.path = bench.builder.program(source, *flags)

    def run(self, *words, core=None):
        """Runs it and returns the numbers that it prints, on one core where that is asked for."""
        prefix = ["taskset", "-c", str(core)] if core is not None else []
        told = f"{os.path.basename(self.path)} {' '.join(str(word) for word in words)}"
        try:
            done = subprocess.run([*prefix, self.path, *[str(word) for word in words]], capture_output=True, text=True, timeout=180)
        except subprocess.TimeoutExpired as error:
            raise PeerFailure(f"{told}: did not end within {error.timeout:.0f} s") from error
        if done.returncode != 0:
            raise PeerFailure(f"{told}: {done.stderr.strip()}")
        return done.stdout.split()


def client(bench, source, *flags):
    """A compiled client; raises Missing where what it is linked with is not installed."""
    try:
        return Client(bench, source, *flags)
    except BuildFailure as error:
        if flags:
            raise Missing(f"{source} does not compile with {' '.join(flags)}; make bench-peers installs what it needs") from error
        raise


def cpu_ns(server):
    """CPU nanoseconds of all processes of a server, this host or a peer, threads that have ended among them: some have a thread for
    each connection."""
    return sum(time.clock_gettime_ns((~pid << 3) | 2) for pid in [server.pid, *processes.descendants(server.pid)])


def charged(server, units, action):
    """CPU nanoseconds of a server a unit of work that `action` makes it do."""
    before = cpu_ns(server)
    action()
    return (cpu_ns(server) - before) / units


def pin(server, core):
    """Keeps all threads of a server on one core, or on any where `core` is None: an answer then costs no wake-up of another core."""
    cores = {core} if core is not None else os.sched_getaffinity(0)
    for pid in [server.pid, *processes.descendants(server.pid)]:
        for thread in os.listdir(f"/proc/{pid}/task"):
            try:
                os.sched_setaffinity(int(thread), cores)
            except ProcessLookupError:
                pass  # a thread that has just ended
