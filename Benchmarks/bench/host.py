"""The host under measurement: the release build, on a config of the benchmark's own."""

import json
import os
import re
import subprocess

from . import process as processes


class HostFailure(Exception):
    """The host did not start, or a command failed; the text says why."""


class Host:
    """A running host. Use it as a context: `with bench.host(lines) as host:`."""

    def __init__(self, bench, lines, environment=None, prefix=()):
        """Starts the host and waits until it is ready.

        `lines` follow `mpath` and `run_dir` in the config, with `{folder}` for the host's own folder, which has empty folders `rows` and
        `series` in it. `prefix` goes before the command, such as taskset or valgrind with their options.
        """
        self.bench = bench
        self.folder = bench.new_folder("host")
        for name in ["rows", "series"]:
            os.mkdir(os.path.join(self.folder, name))
        self.fifo = os.path.join(self.folder, "modhost.fifo")
        self.log_path = os.path.join(self.folder, "log")
        config = os.path.join(self.folder, "modules.conf")
        head = f'mpath "{bench.modules}:{bench.builder.folder}:{bench.release}"\nrun_dir = "{self.folder}"\n'
        with open(config, "w") as file:
            file.write(head + "\n".join(lines).replace("{folder}", self.folder) + "\n")
        with open(self.log_path, "w") as log:
            self.process = bench.processes.start([*prefix, os.path.join(bench.release, "modhost"), "-f", config], stderr=log,
                                                 stdout=log, env={**os.environ, **(environment or {})})
        self.pid = self.process.pid
        ready = processes.wait_until(self._ready, "the host to be ready", seconds=120 if prefix else 20)
        self.ready_ms = float(ready.group(1))

    def _ready(self):
        text = self.log()
        ready = re.search(r"ready in ([0-9.]+) ms", text)
        if not ready and self.process.poll() is not None:
            raise HostFailure(f"the host ended with status {self.process.returncode}:\n{text}")
        return ready

    def log(self):
        """What the host has logged so far."""
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def ask(self, *words, timeout=300):
        """Runs an MI command and returns its result, parsed from JSON."""
        done = subprocess.run(
            [os.path.join(self.bench.release, "modctl"), "--fifo", self.fifo, "--timeout", str(timeout), "--json",
             *[str(word) for word in words]], capture_output=True, text=True)
        if done.returncode != 0:
            raise HostFailure(f"{' '.join(str(word) for word in words)} failed: {done.stderr.strip()}\n{self.log()[-2000:]}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def cpu_ns(self):
        return processes.cpu_ns(self.pid)

    def memory_bytes(self):
        return processes.memory_bytes(self.pid)

    def peak_bytes(self):
        return processes.memory_bytes(self.pid, "VmHWM")

    def reset_peak(self):
        """Counts the peak of resident memory from here."""
        with open(f"/proc/{self.pid}/clear_refs", "w") as file:
            file.write("5")

    def stop(self):
        self.bench.processes.stop(self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def all_modules():
    """The lines of a config with every module, as an operator would load them."""
    return [
        'loadmodule "mi-fifo.so"',
        'loadmodule "flatstore.so"',
        'loadmodule "acc.so"',
        'modparam("acc", "db_url", "flatstore:{folder}/rows")',
        'modparam("acc", "listen", "unix:{folder}/acc.sock")',
        'loadmodule "htable.so"',
        'modparam("htable", "htable", "users=>size=8;autoexpire=3600;")',
        'loadmodule "timestore.so"',
        'modparam("timestore", "listen", "tcp://127.0.0.1:0")',
        'modparam("timestore", "data_directory", "{folder}/series")',
        'loadmodule "rtimer.so"',
        'modparam("rtimer", "timer", "name=hourly;interval=3600;")',
        'modparam("rtimer", "exec", "timer=hourly;route=HOURLY")',
        'loadmodule "ask.so"',
        'modparam("ask", "listen", "unix:{folder}/ask.sock")',
        "request_route { return; }",
        "route[HOURLY] { return; }",
    ]
