"""loops of script beside Kamailio with its fast allocator: nanoseconds a turn, wall"""

import os
import subprocess

from bench.build import HERE
from bench.host import HostFailure
from bench.measure import Figure

MARKED = ["sht-get", "sht-inc"]


def run(bench):
    environment = {**os.environ, "RELEASE": bench.release}
    done = subprocess.run([os.path.join(HERE, "routes")], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise HostFailure(done.stderr)
    for line in done.stdout.splitlines():
        name, ours, theirs = line.split()
        floor = None if theirs == "-" else Figure.one(float(theirs))
        bench.report(f"loop, {name}, a turn", "ns", Figure.one(float(ours)), floor, floor_name="Kamailio", ratio="floor/ours",
                     mark=5 if name in MARKED else None)
