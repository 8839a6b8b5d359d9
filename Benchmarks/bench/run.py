"""One run of the benchmarks: the suites in order, each with hosts and folders of its own."""

import os
import shutil
import tempfile

from .build import Builder, ROOT
from .host import Host, HostFailure
from .process import Processes
from .report import Report


class Skip(Exception):
    """Why a suite, or the rest of it, cannot be measured here."""


class Bench:
    """What a suite needs: builds, hosts, folders, the report."""

    def __init__(self, results, quick, colour):
        self.release = os.environ.get("RELEASE", os.path.join(ROOT, ".build/release"))
        # Modules to be measured in place of those of the release build, for work on one of them.
        self.modules = os.environ.get("MODULES_FIRST", self.release)
        self.quick = quick
        self.work = tempfile.mkdtemp(prefix="modhost-bench-")
        self.processes = Processes()
        self.builder = Builder(self.new_folder("built"))
        self.output = Report(results, colour)
        self.report = self.output.result
        self.note = self.output.note

    def host(self, lines, **options):
        """Starts a host; a context that stops it."""
        return Host(self, lines, **options)

    def new_folder(self, name):
        """A new empty folder below the run's own, which goes with it."""
        return tempfile.mkdtemp(prefix=name + "-", dir=self.work)

    def rounds(self, number):
        """How many rounds, fewer in a quick run."""
        return max(1, number // 3) if self.quick else number

    def close(self):
        self.processes.stop_all()
        self.output.close()
        shutil.rmtree(self.work, ignore_errors=True)


def run_suite(bench, name, module):
    """Runs one suite; false when it failed."""
    bench.output.begin(name, (module.__doc__ or "").strip().splitlines()[0])
    try:
        module.run(bench)
    except Skip as reason:
        bench.note(f"NOT MEASURED: {reason}")
    except (HostFailure, TimeoutError, OSError) as error:
        bench.note(f"FAILED: {error}")
        return False
    finally:
        bench.processes.stop_all()
    return True
