"""Kamailio with its fast allocator: accounting rows and hash tables from its routes, management over a FIFO and datagrams."""

import json
import os
import socket

from peers.peer import Peer, PeerFailure, free_port

HEAD = """#!KAMAILIO
debug = 0
log_stderror = yes
listen = udp:127.0.0.1:{port}
children = 1
disable_tcp = yes
max_while_loops = 100000000
loadmodule "kex.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 6)
modparam("jsonrpcs", "fifo_name", "{folder}/rpc.fifo")
modparam("jsonrpcs", "fifo_reply_dir", "{folder}/")
modparam("jsonrpcs", "dgram_socket", "{folder}/rpc.sock")
"""

REQUEST = """{method} sip:bench@127.0.0.1:{port} SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK{number}
From: <sip:alice@example.com>;tag=8f3b2c6e1d
To: <sip:bob@example.net>;tag=as5d8f7a9c
Call-ID: 000000009e3779b1-00000001@192.0.2.17
CSeq: {number} {method}
Max-Forwards: 10
Content-Length: 0

"""


class Kamailio(Peer):
    """`lines` follow the head of its configuration, with `{folder}` for its folder."""

    title, package, program = "Kamailio", "kamailio", "kamailio"
    patience = 60.0

    def __init__(self, bench, lines):
        super().__init__(bench)
        self.lines = lines
        self.number = 0
        os.mkdir(os.path.join(self.folder, "rows"))

    @property
    def fifo(self):
        return os.path.join(self.folder, "rpc.fifo")

    @property
    def datagram(self):
        return os.path.join(self.folder, "rpc.sock")

    def command(self):
        self.port = free_port()
        path = os.path.join(self.folder, "kamailio.cfg")
        with open(path, "w") as file:
            file.write(HEAD.format(port=self.port, folder=self.folder) + "\n".join(self.lines).replace("{folder}", self.folder) + "\n")
        return ["-DD", "-E", "-x", "tlsf", "-X", "tlsf", "-m", "1024", "-M", "64", "-Y", self.folder, "-f", path]

    def is_ready(self):
        return os.path.exists(self.datagram) and self.rpc("core.echo", "x") == ["x"]

    def request(self, method):
        """Sends a SIP request and waits for its answer, which the route gives when it is through."""
        self.number += 1
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.settimeout(60)
            own.bind(("127.0.0.1", 0))
            text = REQUEST.format(method=method, port=self.port, own=own.getsockname()[1], number=self.number)
            own.sendto(text.replace("\n", "\r\n").encode(), ("127.0.0.1", self.port))
            answer = own.recv(65536).decode()
        if not answer.startswith("SIP/2.0 200"):
            raise PeerFailure(f"Kamailio: expected 200, found {answer.splitlines()[0]}\n{self.log()[-2000:]}")

    def rpc(self, method, *arguments):
        """Runs a management command over its datagram socket."""
        path = os.path.join(self.folder, "client")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
            own.settimeout(60)
            own.bind(path)
            try:
                os.chmod(path, 0o666)
                text = json.dumps({"jsonrpc": "2.0", "method": method, "params": list(arguments), "id": 1})
                try:
                    own.sendto(text.encode(), self.datagram)
                except (ConnectionRefusedError, FileNotFoundError):
                    return None
                answer = json.loads(own.recv(65536))
            finally:
                os.unlink(path)
        if "error" in answer:
            raise PeerFailure(f"Kamailio: {method} failed: {answer['error']}")
        return answer["result"]
