"""Processes under measurement: started in folders of their own, measured through /proc, stopped by their process id."""

import os
import signal
import subprocess
import time


def cpu_ns(pid):
    """CPU nanoseconds that the living threads of a process have used so far."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                total += int(file.read().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            pass  # a thread that has just ended
    return total


def tree_cpu_ns(pid):
    """CPU nanoseconds of a process and all its living descendants, as of a server with worker processes."""
    return sum(cpu_ns(each) for each in [pid, *descendants(pid)])


def descendants(pid):
    """The process ids of all children, grandchildren and so on."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/children") as file:
                children = [int(word) for word in file.read().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found


def memory_bytes(pid, field="VmRSS"):
    """Resident bytes of a process; field VmHWM is the most that there ever was."""
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/{pid}/status has no {field}")


def wait_until(condition, what, seconds=20.0, step=0.005):
    """Polls until `condition()` is true and returns what it returned; raises TimeoutError with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(step)


class Processes:
    """All processes of a run, so that whatever ends the run ends them too."""

    def __init__(self):
        self._running = []

    def start(self, arguments, **options):
        """Starts a program in a group of its own, so that Ctrl-C reaches the benchmark first; it ends too when that is killed."""
        process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", *arguments], start_new_session=True, **options)
        self._running.append(process)
        return process

    def stop(self, process, patience=10.0):
        """Ends a process with SIGTERM, then with SIGKILL; returns its exit status."""
        if process in self._running:
            self._running.remove(process)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return process.returncode

    def stop_all(self):
        for process in list(self._running):
            self.stop(process, patience=3.0)
