"""Keys and values, a million entries: Kamailio's htable from the same route, Redis and memcached over a UNIX socket."""

import contextlib
import re
import time

from bench import process as processes
from bench.measure import Figure, interleaved
from peers import peer
from peers.jobs import routes
from peers.kamailio import Kamailio
from peers.memcached import Memcached
from peers.redis import Redis

ENTRIES = 1_000_000
DEPTHS = [16, 100]
OPERATIONS = {"get": "get", "set": "set", "incr": "add"}  # the servers' names, and those of the module that measures ours


def run(bench):
    from_a_route(bench)
    servers = peer.installed(bench, Memcached, Redis)
    if not servers:
        return
    client = peer.client(bench, "clients/keyvalue.c")
    bench.builder.module("module/htable.c", name="bench-htable")
    beside_servers(bench, client, servers)
    expiry(bench, client, servers)


def ours(bench):
    """A host with the tables of the module that measures htable where its users stand."""
    return bench.host(['loadmodule "mi-fifo.so"', 'loadmodule "htable.so"', 'modparam("htable", "htable", "bench=>size=16;")',
                       'modparam("htable", "htable", "expiring=>size=16;autoexpire=86400;")', 'loadmodule "bench-htable.so"'])


# ---- from a route ----

def from_a_route(bench):
    """The same loops over 1,048,576 entries in Kamailio and here; then memory, and what entries cost that only live."""
    if not peer.installed(bench, Kamailio):
        return
    turns = 30000 if bench.quick else 100000
    tables = ['modparam("htable", "htable", "keys=>size=20;")',
              'modparam("htable", "htable", "expiring=>size=20;autoexpire=86400;")']
    with Kamailio(bench, ['loadmodule "htable.so"', 'modparam("htable", "timer_interval", 1)', *tables,
                          *routes.script("keys", turns)]) as theirs, \
            routes.host(bench, ['loadmodule "htable.so"', *tables, *routes.script("keys", turns)]) as here:
        theirs.request("FILL")
        routes.ask(here, "FILL")
        subjects = {}
        for method in ["NONE", "GET", "SET", "INC"]:
            subjects[f"theirs {method}"] = routes.turn_of(theirs, method, turns)
            subjects[f"ours {method}"] = routes.turn_of(here, method, turns)
        got = interleaved(bench.rounds(3), subjects, warm_up=1)
        name = Kamailio.name()
        for method, what in [("GET", "$sht read"), ("SET", "$sht set"), ("INC", "$shtinc"), ("NONE", "no table")]:
            bench.report(f"turn of a route, {what}, a million entries", "ns", got[f"ours {method}"], got[f"theirs {method}"],
                         floor_name=name, ratio="floor/ours")
        live_entries(bench, theirs, here, name)


def live_entries(bench, theirs, here, name):
    """Memory of a million entries with an expiry, and CPU of a second in which they only live."""
    used = theirs.rpc("core.shmmem")["real_used"]
    resident = here.memory_bytes()
    theirs.request("EXPIRING")
    routes.ask(here, "EXPIRING")
    each = [(here.memory_bytes() - resident) / ENTRIES, (theirs.rpc("core.shmmem")["real_used"] - used) / ENTRIES]
    bench.report("memory an entry, 16 + 32 bytes with an expiry", "B", Figure.one(each[0]), Figure.one(each[1]), floor_name=name,
                 ratio="floor/ours")
    idle = {"theirs": [], "ours": []}
    for _ in range(bench.rounds(3)):
        before = peer.cpu_ns(theirs), peer.cpu_ns(here)
        time.sleep(1.0)  # the span that is measured: a second of doing nothing else
        idle["theirs"].append((peer.cpu_ns(theirs) - before[0]) / ENTRIES)
        idle["ours"].append((peer.cpu_ns(here) - before[1]) / ENTRIES)
    bench.report("live entry, a look for expired ones", "ns", Figure.of(idle["ours"]), Figure.of(idle["theirs"]), floor_name=name,
                 ratio="floor/ours")


# ---- beside servers ----

def beside_servers(bench, client, classes):
    """Get, set and increment: the servers over a UNIX socket with many requests in flight, ours in process through the ABI."""
    operations = 50000 if bench.quick else 200000
    with contextlib.ExitStack() as stack:
        subjects = {}
        here = stack.enter_context(ours(bench))
        subjects["ours"] = lambda: {operation: here.ask("bench.htable", ENTRIES, 1)[f"{mine}_ns"]
                                    for operation, mine in [*OPERATIONS.items(), ("batch", "get_batch")]}
        for each in classes:
            server = stack.enter_context(each(bench))
            client.run(server.kind, server.socket, "fill", ENTRIES, ENTRIES, 100)
            subjects[each] = lambda server=server: {
                (operation, depth): peer.charged(
                    server, operations,
                    lambda: client.run(server.kind, server.socket, operation, operations, ENTRIES, depth))
                for operation in OPERATIONS for depth in DEPTHS}
        got = interleaved(bench.rounds(3), subjects)
    for each in classes:
        for operation in OPERATIONS:
            for depth in DEPTHS:
                bench.report(f"{operation}, a million; theirs {depth} in flight over a socket", "ns", got["ours"][operation],
                             got[each][(operation, depth)], floor_name=each.name(), ratio="floor/ours")
        bench.report("get, ours in batches of 16, theirs 16 in flight", "ns", got["ours"]["batch"], got[each][("get", 16)],
                     floor_name=each.name(), ratio="floor/ours")


# ---- memory and expiry ----

def expiry(bench, client, classes):
    """Memory of a million entries that all expire in one second, and CPU for each of them from then until all are gone."""
    for life in [10, 30, 90]:
        try:
            memory, cost = expire_after(bench, client, classes, life)
            break
        except TooSlow:
            print(f"  a million entries were not there within {life} s: trying again with more", flush=True)
    else:
        raise peer.PeerFailure("the machine is too slow for this: entries expire before all are there")
    for figures, what, unit in [(memory, "memory an entry, 16 + 32 bytes with an expiry", "B"), (cost, "expired entry", "ns")]:
        for each in classes:
            bench.report(what, unit, Figure.one(figures["ours"]), Figure.one(figures[each]), floor_name=each.name(), ratio="floor/ours")


class TooSlow(Exception):
    """Entries expired before all were there."""


def expire_after(bench, client, classes, life):
    """Bytes and CPU nanoseconds an entry, by server. All are filled, then each has its second of expiry, a few seconds apart."""
    memory, cost = {}, {}
    with contextlib.ExitStack() as stack:
        here = stack.enter_context(ours(bench))
        servers = {each: stack.enter_context(each(bench)) for each in classes}
        ends = {name: int(time.time()) + life + 5 * number for number, name in enumerate(["ours", *servers])}
        resident = here.memory_bytes()
        here.ask("bench.htable_fill", ENTRIES, ENTRIES, ends["ours"] - int(time.time()))
        memory["ours"] = (here.memory_bytes() - resident) / ENTRIES
        for name, server in servers.items():
            resident = server.memory_bytes()
            client.run(server.kind, server.socket, "expiring", ENTRIES, ENTRIES, 100, ends[name])
            memory[name] = (server.memory_bytes() - resident) / ENTRIES
        cost["ours"] = until_gone(here, ends["ours"], lambda: left_of(here))
        for name, server in servers.items():
            cost[name] = until_gone(server, ends[name], server.count, getattr(server, "crawl", None))
    return memory, cost


def left_of(here):
    """Entries of table `expiring` that have not expired, by the counter, which costs nothing to ask for."""
    found = re.search(r"expired\.expiring = (\d+)", str(here.ask("get_statistics", "htable:")))
    return ENTRIES - int(found.group(1))


def until_gone(server, end, left, hurry=None):
    """CPU nanoseconds an entry, from just before the second in which all expire until the last is gone."""
    if time.time() > end - 0.5:
        raise TooSlow()
    time.sleep(end - 0.5 - time.time())  # until what is measured begins
    if left() < ENTRIES:
        raise TooSlow()
    before = peer.cpu_ns(server)
    if hurry:
        time.sleep(max(0.0, end + 1.5 - time.time()))  # all have expired by now, whoever looks
        hurry()
    processes.wait_until(lambda: left() == 0, "all entries to be gone", seconds=60, step=0.5)
    return (peer.cpu_ns(server) - before) / ENTRIES
