"""One route file run by this host and by Kamailio, and how each is asked to run a part of it."""

import json
import os
import socket

from bench.build import HERE
from peers.kamailio import Kamailio
from peers.peer import PeerFailure, charged

FILE = os.path.join(HERE, "peers/routes.cfg")
JOBS = {"rows": ["ROWS"], "keys": ["FILL", "NONE", "GET", "SET", "INC", "EXPIRING"]}


def script(job, turns):
    """The lines of a configuration that answer the requests of a job, for either."""
    lines = [f"#!define TURNS {turns}", "request_route {", "    route(BEGIN);"]
    for name in JOBS[job]:
        lines.append(f'    if ($rm == "{name}") route({name});')
    lines += ['    sl_send_reply("200", "OK");', "    exit;", "}"]
    # Only what the job can run: a route names modules that the other job does not load.
    return lines + routes_of(["BEGIN", "NEXT", *JOBS[job]])


def routes_of(names):
    """The text of these routes, out of the file."""
    with open(FILE) as file:
        parts = ("\n" + file.read()).split("\nroute[")
    found = {part.partition("]")[0]: "route[" + part.partition("\n}")[0] + "\n}" for part in parts[1:]}
    return [found[name] for name in names]


def kamailio(bench, lines):
    """A Kamailio with these lines, not started."""
    return Kamailio(bench, lines)


def host(bench, lines):
    """A started host that runs a route when it is asked, as Kamailio does when a request comes."""
    return bench.host(["workers = 1", "route_timeout = 600s", "max_while_loops = 100000000", 'loadmodule "mi-fifo.so"',
                       'loadmodule "ask.so"', 'modparam("ask", "listen", "unix:{folder}/ask.sock")', *lines])


def ask(host, method):
    """Runs a route of this host and waits for its answer."""
    question = {"method": method, "call_id": "000000009e3779b1-00000001@192.0.2.17", "from_tag": "8f3b2c6e1d", "to_tag": "as5d8f7a9c",
                "from_uri": "sip:alice@example.com", "to_uri": "sip:bob@example.net", "source_ip": "127.0.0.1"}
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(os.path.join(host.folder, "ask.sock"))
        connection.sendall(json.dumps(question).encode() + b"\n")
        answer = connection.recv(65536).decode()
    if '"code":200' not in answer:
        raise PeerFailure(f"modhost: expected 200, found {answer}\n{host.log()[-2000:]}")


def turn_of(server, method, turns):
    """A subject of a round: CPU nanoseconds that a turn of a route costs its server."""
    send = server.request if isinstance(server, Kamailio) else lambda name: ask(server, name)
    return lambda: charged(server, turns, lambda: send(method))
