"""memcached: keys and values over a UNIX socket, one worker thread, the text protocol that every client speaks."""

import os
import re
import socket

from peers.peer import Peer, takes_connections


class Memcached(Peer):
    title, package, program = "memcached", "memcached", "memcached"
    kind = "memcached"

    @property
    def socket(self):
        return os.path.join(self.folder, "socket")

    def command(self):
        as_root = ["-u", "root"] if os.geteuid() == 0 else []
        return [*as_root, "-t", "1", "-m", "2048", "-s", self.socket]

    def is_ready(self):
        return takes_connections(self.socket)

    def count(self):
        """How many items it holds."""
        return int(re.search(r"STAT curr_items (\d+)", self._ask(b"stats\r\n", "END")).group(1))

    def crawl(self):
        """Makes it look for expired items now; by itself it begins when it sees fit."""
        self._ask(b"lru_crawler crawl all\r\n", "\n")

    def _ask(self, request, end):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(self.socket)
            connection.sendall(request)
            text = ""
            while not text.rstrip("\r").endswith(end) and not text.endswith(end + "\r\n"):
                piece = connection.recv(65536)
                if not piece:
                    break
                text += piece.decode()
            return text
