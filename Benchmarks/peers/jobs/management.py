"""Management: a request (core.echo in JSON-RPC) until its answer is whole, over a FIFO and over UNIX datagrams."""

import os

from bench.build import ROOT
from bench.measure import interleaved
from peers import peer
from peers.kamailio import Kamailio

EXAMPLE = [os.path.join(ROOT, "Examples/c-mi-udp", name) for name in ["address.c", "exchange.c", "request_id.c"]]
LATE = 300  # requests of a client that opens its reply FIFO late: Kamailio sleeps 80 ms when it is too late


def run(bench):
    if not peer.installed(bench, Kamailio):
        return
    client = peer.client(bench, "clients/rpc-latency.c")
    bench.builder.module("../Examples/c-mi-udp/module.c", *EXAMPLE, name="mi-datagram")
    requests = 500 if bench.quick else 2000
    with Kamailio(bench, ['request_route { sl_send_reply("200", "OK"); exit; }']) as theirs, bench.host([
            'loadmodule "mi-fifo.so"', 'loadmodule "mi-datagram.so"',
            'modparam("mi-datagram", "listen", "unix:{folder}/rpc.sock")']) as ours:
        places = {"theirs": (theirs, theirs.fifo, theirs.datagram), "ours": (ours, ours.fifo, os.path.join(ours.folder, "rpc.sock"))}

        def subject(name, way, count, core=None):
            server, fifo, datagram = places[name]

            def taken():
                before = peer.cpu_ns(server)
                middle, most, worst = client.run(way, datagram if way == "datagram" else fifo, server.folder, count, core=core)
                asked = count + (count // 10 if count < 100 else 100)
                return {"cpu": (peer.cpu_ns(server) - before) / asked / 1000, "p50": float(middle), "p99": float(most),
                        "worst": float(worst)}

            return taken

        def both(way, count, core=None):
            return interleaved(bench.rounds(5), {name: subject(name, way, count, core) for name in places}, warm_up=1)

        told(bench, "request, FIFO", both("fifo", requests), ["p50", "p99"])
        told(bench, "request, datagrams", both("datagram", requests), ["p50", "p99"])
        told(bench, "request, FIFO opened late", both("late-fifo", LATE), ["p50", "p99"])
        for server in [theirs, ours]:
            peer.pin(server, 0)
        told(bench, "request, FIFO, on one core", both("fifo", requests, 0), ["cpu", "p50"])
        told(bench, "request, datagrams, on one core", both("datagram", requests, 0), ["cpu", "p50"])


def told(bench, way, got, fields):
    words = {"p50": ", p50, wall", "p99": ", p99, wall", "cpu": ""}
    for field in fields:
        bench.report(way + words[field], "us", got["ours"][field], got["theirs"][field], floor_name=Kamailio.name(),
                     ratio="floor/ours")
