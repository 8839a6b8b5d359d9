"""Redis: keys and values over a UNIX socket, without persistence."""

import os
import socket

from peers.peer import Peer, takes_connections


class Redis(Peer):
    title, package, program = "Redis", "redis-server", "redis-server"
    kind = "redis"

    @property
    def socket(self):
        return os.path.join(self.folder, "socket")

    def command(self):
        return ["--port", "0", "--unixsocket", self.socket, "--save", "", "--appendonly", "no", "--daemonize", "no",
                "--dir", self.folder]

    def is_ready(self):
        return takes_connections(self.socket)

    def count(self):
        """How many keys it holds."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(self.socket)
            connection.sendall(b"DBSIZE\r\n")
            return int(connection.recv(64).decode().strip().lstrip(":"))
