"""a row of 12 columns and 159 bytes through mh.db/1, beside C that formats by hand; then threads, columns, batches"""

from contextlib import ExitStack

from bench.measure import Figure

# What the floor does for each durability. No C program of the field has a ring: the buffered one is its floor.
FLOORS = {"kernel": "kernel", "buffered": "buffered", "ring": "buffered", "disk": "disk"}
TOLD = {
    "kernel": ("row, one write a row (kernel)", 1.10),
    "buffered": ("row, buffered", 1.25),
    "ring": ("row, ring (survives kill -9)", 1.30),
}
THREADS = [1, 2, 3, 4]
COLUMNS = [5, 12, 20, 35, 50]
BATCHES = [1, 10, 100, 1000]


def run(bench):
    bench.builder.module("module/flatstore.c", name="bench-flatstore")
    with ExitStack() as stack:
        # One host for each durability, all there at once, so that every round measures every point one after the other.
        hosts = {durability: stack.enter_context(bench.host(lines(durability))) for durability in FLOORS}
        taken = {}
        for _ in range(bench.rounds(15)):
            for point in points():
                durability, threads, columns, batch, rows = point
                got = hosts[durability].ask("bench.flatstore", FLOORS[durability], rows, 1, threads, columns, batch)
                taken.setdefault(point, []).append(got["rounds"][0])
    for durability, (what, mark) in TOLD.items():
        rounds = taken[(durability, 1, 12, 1, 40_000)]
        bench.report(what, "ns", figure(rounds, "cpu_ns"), figure(rounds, "floor_cpu_ns"), floor_name="C", mark=mark)
    for durability in TOLD:
        scaling(bench, durability, {threads: taken[(durability, threads, 12, 1, 40_000)] for threads in THREADS})
    for point, rounds in taken.items():
        curves(bench, point, rounds)


def lines(durability):
    return [
        'loadmodule "mi-fifo.so"', 'loadmodule "flatstore.so"', f'modparam("flatstore", "durability", "{durability}")',
        'loadmodule "bench-flatstore.so"', 'modparam("bench-flatstore", "directory", "{folder}/rows")',
    ]


def points():
    """Durability, threads, columns, rows of an insert, rows of a thread: what each round measures."""
    found = [(durability, threads, 12, 1, 40_000) for durability in TOLD for threads in THREADS]
    found += [(durability, 1, columns, 1, 20_000) for durability in ["kernel", "buffered"] for columns in COLUMNS]
    found += [("kernel", 1, 12, batch, 20_000) for batch in BATCHES[1:]]
    found += [("disk", 1, 12, batch, min(100 * batch, 10_000)) for batch in BATCHES]
    return found


def figure(rounds, key):
    return Figure.of(each[key] for each in rounds)


def scaling(bench, durability, by_threads):
    """Rows a second of two threads beside one, by the clock, which the mark is for.

    Below it the same without the time in which a thread was ready and other processes had the processors: on a busy machine that tells
    whether flatstore or the machine is what does not scale.
    """
    for key, told, least in [("wall_ns", "rows a second, wall", 1.8 if durability == "kernel" else None),
                             ("alone_ns", "the same without what others took", None)]:
        ours, floor = [
            Figure.of(one[prefix + key] / two[prefix + key] for one, two in zip(by_threads[1], by_threads[2]))
            for prefix in ["", "floor_"]]
        bench.report(f"2 threads beside 1, {durability}, {told}", "x", ours, floor, floor_name="C", better="more", least=least)


def curves(bench, point, rounds):
    durability, threads, columns, batch, rows = point
    cpu, wall = figure(rounds, "cpu_ns"), figure(rounds, "wall_ns")
    floor_cpu, floor_wall = figure(rounds, "floor_cpu_ns"), figure(rounds, "floor_wall_ns")
    if rows == 40_000:
        bench.report(f"{durability}, {threads} threads, a row", "ns", cpu, floor_cpu, floor_name="C",
                     x={"threads": threads}, curve=f"flatstore-threads-cpu/{durability}")
        bench.report(f"{durability}, {threads} threads, rows a second, wall", "rows/s", rate(wall), rate(floor_wall),
                     floor_name="C", better="more", x={"threads": threads}, curve=f"flatstore-threads/{durability}")
    elif durability == "disk":
        bench.report(f"disk (fdatasync), {batch} rows an insert, a row, wall", "us", wall.scaled(1e-3), floor_wall.scaled(1e-3),
                     floor_name="C", x={"rows of an insert": batch}, curve="flatstore-disk/" + durability)
    elif batch > 1:
        bench.report(f"{durability}, {batch} rows an insert, a row", "ns", cpu, floor_cpu, floor_name="C",
                     x={"rows of an insert": batch}, curve="flatstore-batch/" + durability)
    else:
        bench.report(f"{durability}, {columns} columns, a row", "ns", cpu, floor_cpu, floor_name="C",
                     x={"columns": columns}, curve=f"flatstore-columns/{durability}")


def rate(wall):
    """Rows a second from nanoseconds a row."""
    return Figure(1e9 / wall.median, 1e9 / wall.high, 1e9 / wall.low, wall.rounds)
