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
LIVE = 262_144  # entries that routes make to look after; the route EXPIRING has the number too
DEPTHS = [16, 100]
OPERATIONS = {"get": "get", "set": "set", "incr": "add"}  # the servers' names, and those of the module that measures ours


def run(bench):
    from_a_route(bench)
    servers = peer.installed(bench, Memcached, Redis)
    if not servers:
        return
    client = peer.client(bench, "clients/keyvalue.c")
    bench.builder.module("module/htable.c", name="bench-htable")
    filling = beside_servers(bench, client, servers)
    expiry(bench, client, servers, life=max(8, round(1.5 * filling + 3)))


def ours(bench):
    """A host with the tables of the module that measures htable where its users stand."""
    return bench.host(['loadmodule "mi-fifo.so"', 'loadmodule "htable.so"', 'modparam("htable", "htable", "bench=>size=16;")',
                       'modparam("htable", "htable", "expiring=>size=16;autoexpire=86400;")', 'loadmodule "bench-htable.so"'])


# ---- from a route ----

def from_a_route(bench):
    """The same loops over 1,048,576 entries in Kamailio and here; then memory, and what entries cost that only live."""
    if not peer.installed(bench, Kamailio):
        return
    turns = 20000 if bench.quick else 60000
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
    """Memory of entries with an expiry, and CPU of a second in which they only live."""
    used = theirs.rpc("core.shmmem")["real_used"]
    resident = here.memory_bytes()
    theirs.request("EXPIRING")
    routes.ask(here, "EXPIRING")
    each = [(here.memory_bytes() - resident) / LIVE, (theirs.rpc("core.shmmem")["real_used"] - used) / LIVE]
    bench.report("memory an entry, 16 + 32 bytes with an expiry", "B", Figure.one(each[0]), Figure.one(each[1]), floor_name=name,
                 ratio="floor/ours")
    idle = {"theirs": [], "ours": []}
    for _ in range(bench.rounds(3)):
        before = peer.cpu_ns(theirs), peer.cpu_ns(here)
        time.sleep(1.0)  # the span that is measured: a second of doing nothing else
        idle["theirs"].append((peer.cpu_ns(theirs) - before[0]) / LIVE)
        idle["ours"].append((peer.cpu_ns(here) - before[1]) / LIVE)
    bench.report("live entry, a look for expired ones", "ns", Figure.of(idle["ours"]), Figure.of(idle["theirs"]), floor_name=name,
                 ratio="floor/ours")


# ---- beside servers ----

def beside_servers(bench, client, classes):
    """Get, set and increment: the servers over a UNIX socket with many requests in flight, ours in process through the ABI. Returns the
    seconds that it took to fill the servers."""
    filling = 0.0
    operations = 50000 if bench.quick else 100000
    with contextlib.ExitStack() as stack:
        subjects = {}
        here = stack.enter_context(ours(bench))
        subjects["ours"] = lambda: {operation: here.ask("bench.htable", ENTRIES, 1)[f"{mine}_ns"]
                                    for operation, mine in [*OPERATIONS.items(), ("batch", "get_batch")]}
        for each in classes:
            server = stack.enter_context(each(bench))
            filling += float(client.run(server.kind, server.socket, "fill", ENTRIES, ENTRIES, 100)[0]) * ENTRIES / 1e9
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
    return filling


# ---- memory and expiry ----

def expiry(bench, client, classes, life):
    """Memory of a million entries that all expire in one second, `life` seconds from now, and CPU for each of them from then until all are
    gone."""
    try:
        memory, cost = expire_after(bench, client, classes, life)
    except TooSlow:
        print(f"  a million entries were not there within {life} s: trying again with three times as much", flush=True)
        try:
            memory, cost = expire_after(bench, client, classes, 3 * life)
        except TooSlow:
            bench.note(f"NOT MEASURED: memory and expiry: the machine is too busy, a million entries were not there within {3 * life} s")
            return
    for figures, what, unit in [(memory, "memory an entry, 16 + 32 bytes with an expiry", "B"), (cost, "expired entry", "ns")]:
        for each in classes:
            bench.report(what, unit, Figure.one(figures["ours"]), Figure.one(figures[each]), floor_name=each.name(), ratio="floor/ours")


class TooSlow(Exception):
    """Entries expired before all were there."""


def expire_after(bench, client, classes, life):
    """Bytes and CPU nanoseconds an entry, by server. All are filled one after the other, and have the same second of expiry."""
    memory = {}
    end = int(time.time()) + life
    with contextlib.ExitStack() as stack:
        here = stack.enter_context(ours(bench))
        resident = here.memory_bytes()
        here.ask("bench.htable_fill", ENTRIES, ENTRIES, end - int(time.time()))
        memory["ours"] = (here.memory_bytes() - resident) / ENTRIES
        servers, left = {"ours": here}, {"ours": lambda: left_of(here)}
        for each in classes:
            server = servers[each] = stack.enter_context(each(bench))
            left[each] = server.count
            resident = server.memory_bytes()
            client.run(server.kind, server.socket, "expiring", ENTRIES, ENTRIES, 100, end)
            memory[each] = (server.memory_bytes() - resident) / ENTRIES
        return memory, until_gone(servers, left, end)


def left_of(here):
    """Entries of table `expiring` that have not expired, by the counter, which costs nothing to ask for."""
    found = re.search(r"expired\.expiring = (\d+)", str(here.ask("get_statistics", "htable:")))
    return ENTRIES - int(found.group(1))


def until_gone(servers, left, end):
    """CPU nanoseconds an entry, from just before the second in which all expire until the last of a server is gone."""
    time.sleep(max(0.0, end - 0.5 - time.time()))  # until what is measured begins
    before = {name: peer.cpu_ns(server) for name, server in servers.items()}
    if time.time() > end or any(count() < ENTRIES for count in left.values()):
        raise TooSlow()
    cost = {}

    def all_gone():
        for name, server in servers.items():
            if name not in cost and left[name]() == 0:
                cost[name] = (peer.cpu_ns(server) - before[name]) / ENTRIES
        return len(cost) == len(servers)

    time.sleep(max(0.0, end + 1.5 - time.time()))  # all have expired by now, whoever looks
    for server in servers.values():
        if hasattr(server, "crawl"):
            server.crawl()
    processes.wait_until(all_gone, "all entries to be gone", seconds=90, step=0.5)
    return cost
