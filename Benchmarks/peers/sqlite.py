"""SQLite: rows and records in this process, with a write-ahead log."""

import os

from peers.peer import client, version_of


class SQLite:
    """A fresh database in a folder of its own; every call runs a client that measures itself."""

    def __init__(self, bench):
        self.client = client(bench, "clients/sqlite.c", "-lsqlite3")
        self.file = os.path.join(bench.new_folder("sqlite"), "bench.db")

    @staticmethod
    def name():
        return f"SQLite {version_of('libsqlite3-0')}".strip()

    def run(self, job, count, together, synchronous="NORMAL", first_time=0):
        """CPU and wall nanoseconds a row."""
        cpu, wall = self.client.run(self.file, job, count, together, synchronous, first_time)
        return float(cpu), float(wall)
