"""a request over the FIFO until its reply is closed, beside a bare echo and one with epoll and fstat, as a server needs them"""

import os
import subprocess

from bench import process as processes
from bench.host import all_modules
from bench.measure import Figure

# What a round measures: where the server and the client run, and whether the reply FIFO is kept or made anew for each request.
PLACES = {
    "one core": ({0}, "0"),
    "two cores": ({1}, "0"),
    "anywhere": (None, None),
}
CLIENTS = [1, 2, 4, 8, 16]


def run(bench):
    every = os.sched_getaffinity(0)
    load = bench.builder.program("clients/fifo-load.c", "-pthread")
    with bench.host(all_modules()) as host:
        subjects = {"ours": (host.pid, host.fifo)}
        for name, mode in [("echo", []), ("epoll echo", ["epoll"])]:
            subjects[name] = start_echo(bench, mode)
        latency(bench, load, subjects, every)
        scaling(bench, load, {name: subjects[name] for name in ["ours", "echo"]}, every)


def start_echo(bench, mode):
    fifo = os.path.join(bench.new_folder("echo"), "request")
    process = bench.processes.start([bench.builder.program("floors/fifo-echo.c"), fifo, *mode], stdout=subprocess.PIPE)
    if process.stdout.readline().strip() != b"ready":
        raise OSError("fifo-echo did not start")
    return process.pid, fifo


def latency(bench, load, subjects, every):
    """One client: the spread of its round trips, each subject in turn in each place."""
    taken = {}
    for _ in range(bench.rounds(9)):
        for place, (server, client) in PLACES.items():
            if not (server or every) <= every:
                continue
            for name, (pid, _) in subjects.items():
                pin(pid, server or every)
            for kind in ["kept", "fresh"] if place != "two cores" else ["kept"]:
                for name, subject in subjects.items():
                    taken.setdefault((place, kind, name), []).append(measure(load, subject, client, 1, 1500, kind))
    for pid, _ in subjects.values():
        pin(pid, every)
    for (place, kind, name), rounds in taken.items():
        if name != "ours":
            continue
        echo, duties = taken[(place, kind, "echo")], taken[(place, kind, "epoll echo")]
        told = place + (", reply FIFO made anew" if kind == "fresh" else "")
        has_mark = kind == "kept"
        bench.report(f"{told}: p50, wall", "us", figure(rounds, "p50"), figure(echo, "p50"), floor_name="echo",
                     mark=1.5 if has_mark else None)
        bench.report(f"{told}: the same", "us", figure(rounds, "p50"), figure(duties, "p50"),
                     floor_name="epoll")
        bench.report(f"{told}: p99, wall", "us", figure(rounds, "p99"), figure(echo, "p99"), floor_name="echo",
                     most=1000 if kind == "kept" else None)
        bench.report(f"{told}: CPU of the server", "us", figure(rounds, "cpu"), figure(echo, "cpu"), floor_name="echo")


def scaling(bench, load, subjects, every):
    """1 to 16 clients at once, each with a reply FIFO of its own, where the scheduler likes."""
    taken = {}
    for _ in range(bench.rounds(5)):
        for clients in CLIENTS:
            for name, subject in subjects.items():
                taken.setdefault((clients, name), []).append(measure(load, subject, None, clients, 3000 // clients, "kept"))
    for clients in CLIENTS:
        ours, echo = taken[(clients, "ours")], taken[(clients, "echo")]
        x = {"clients": clients}
        for key, what, unit, curve, better in [
                ("rate", "requests a second, wall", "requests/s", "mi-requests", "more"), ("p50", "p50, wall", "us", "mi-latency/p50", "less"),
                ("p99", "p99, wall", "us", "mi-latency/p99", "less"), ("cpu", "CPU of the server a request", "us", "mi-cpu", "less")]:
            bench.report(f"{clients} clients, {what}", unit, figure(ours, key), figure(echo, key), floor_name="echo", better=better,
                         x=x, curve=curve)


def pin(pid, cores):
    """Puts all threads of a process onto some cores."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            os.sched_setaffinity(int(thread), cores)
        except ProcessLookupError:
            pass  # a thread that has just ended


def measure(load, subject, core, clients, count, kind):
    pid, fifo = subject
    command = [load, fifo, str(clients), str(count), kind]
    before = processes.cpu_ns(pid)
    done = subprocess.run(["taskset", "-c", core, *command] if core else command, capture_output=True, text=True)
    used = processes.cpu_ns(pid) - before
    if done.returncode != 0:
        raise OSError(done.stderr.strip())
    requests, seconds, p50, p99 = [float(word) for word in done.stdout.split()[:4]]
    # The server's time includes the hundred requests with which each client warms up.
    return {"rate": requests / seconds, "p50": p50, "p99": p99, "cpu": used / 1e3 / (requests + 100 * clients)}


def figure(rounds, key):
    return Figure.of(each[key] for each in rounds)
