"""RRDtool's daemon rrdcached: updates over a UNIX socket, kept in memory and a journal, one round-robin file."""

import os
import shutil
import subprocess

from peers.peer import Missing, Peer, PeerFailure, takes_connections


class Rrdcached(Peer):
    title, package, program = "rrdcached", "rrdcached", "rrdcached"
    kinds = ["rrdcached"]

    def __init__(self, bench, first_time, records):
        super().__init__(bench)
        self.first_time = first_time
        self.records = records
        self.address = os.path.join(self.folder, "socket")

    def command(self):
        if not shutil.which("rrdtool"):
            raise Missing("rrdtool is not installed, and rrdcached needs a file of its making; make bench-peers installs it")
        made = subprocess.run(
            ["rrdtool", "create", os.path.join(self.folder, "bench.rrd"), "--start", str(self.first_time - 1), "--step", "1",
             "DS:v:GAUGE:10:U:U", f"RRA:LAST:0.5:1:{self.records}"], capture_output=True, text=True)
        if made.returncode != 0:
            raise PeerFailure(made.stderr)
        return ["-g", "-l", "unix:" + self.address, "-b", self.folder, "-B", "-w", "3600", "-f", "7200", "-j", self.folder,
                "-p", os.path.join(self.folder, "pid")]

    def is_ready(self):
        return takes_connections(self.address)

    def settle(self):
        """A fetch writes what waits by itself."""
