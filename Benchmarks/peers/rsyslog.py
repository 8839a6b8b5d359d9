"""rsyslog: lines over TCP into a file, with its fast TCP input and one queue."""

import os

from peers.peer import Peer, free_port, takes_connections

CONFIG = """module(load="imptcp")
template(name="row" type="string" string="%rawmsg%\\n")
ruleset(name="rows") {{ action(type="omfile" file="{rows}" template="row") }}
input(type="imptcp" address="127.0.0.1" port="{port}" ruleset="rows")
"""


class Rsyslog(Peer):
    title, package, program = "rsyslog", "rsyslog", "rsyslogd"

    @property
    def rows(self):
        return os.path.join(self.folder, "rows.log")

    def command(self):
        self.port = free_port()
        path = os.path.join(self.folder, "rsyslog.conf")
        with open(path, "w") as file:
            file.write(CONFIG.format(rows=self.rows, port=self.port))
        return ["-n", "-f", path, "-i", os.path.join(self.folder, "pid")]

    def is_ready(self):
        return takes_connections(self.port)
