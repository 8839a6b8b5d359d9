"""a request over the FIFO until its reply is closed, beside a bare echo"""

import subprocess

from bench.host import all_modules
from bench.measure import interleaved


def run(bench):
    client = bench.builder.program("floors/fifo-latency.c")

    def latency(target):
        done = subprocess.run([client, target, "2000"], capture_output=True, text=True, check=True)
        p50, p99 = done.stdout.split()
        return {"p50": float(p50), "p99": float(p99)}

    with bench.host(all_modules()) as host:
        got = interleaved(bench.rounds(7), {"echo": lambda: latency("echo"), "ours": lambda: latency(host.fifo)})
    bench.report("request to reply, p50, wall", "us", got["ours"]["p50"], got["echo"]["p50"], floor_name="echo", mark=1.5)
    bench.report("request to reply, p99, wall", "us", got["ours"]["p99"], got["echo"]["p99"], floor_name="echo", most=1000)
