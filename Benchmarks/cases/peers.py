"""what a user would pick instead, doing the same work in the same run; the ratio is peer/modhost (install with make bench-peers)"""

import importlib
import os

from bench.host import HostFailure
from peers.peer import Missing

JOBS = ["rows", "keys", "series", "management"]


def run(bench):
    """Runs all jobs, or those that PEERS names, such as PEERS=rows,keys. A job that fails costs only itself."""
    wanted = os.environ.get("PEERS", "").replace(",", " ").split() or JOBS
    failures = []
    for name in wanted:
        if name not in JOBS:
            raise HostFailure(f"PEERS: found {name}, expected of {', '.join(JOBS)}")
    for name in wanted:
        job = importlib.import_module(f"peers.jobs.{name}")
        print(f"\n  {job.__doc__.strip().splitlines()[0]}", flush=True)
        try:
            job.run(bench)
        except Missing as reason:
            bench.note(f"NOT MEASURED: {reason}")
        except (HostFailure, TimeoutError, OSError) as error:
            failures.append(f"{name}: {error}")
        finally:
            bench.processes.stop_all()
    if failures:
        raise HostFailure("\n".join(failures))
