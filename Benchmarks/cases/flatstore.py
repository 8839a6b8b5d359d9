"""a row of 12 columns and some 150 bytes through mh.db/1, beside hand-written C"""

from bench.measure import Figure


def run(bench):
    bench.builder.module("module/bench.c", name="bench")
    for what, durability, buffered, mark in [
        ("row, one write a row (kernel)", "kernel", 0, 1.10),
        ("row, buffered", "buffered", 1, 1.25),
        ("row, ring (survives kill -9)", "ring", 1, 1.30),
    ]:
        lines = [
            'loadmodule "mi-fifo.so"', 'loadmodule "flatstore.so"', f'modparam("flatstore", "durability", "{durability}")',
            'loadmodule "bench.so"', 'modparam("bench", "url", "flatstore:{folder}/rows")',
        ]
        with bench.host(lines) as host:
            got = host.ask("bench.flatstore", 200000, bench.rounds(7), host.folder, buffered)
        ours = Figure(got["cpu_ns"], got["cpu_lowest_ns"], got["cpu_highest_ns"], bench.rounds(7))
        bench.report(what, "ns", ours, Figure.one(got["floor_cpu_ns"]), floor_name="C", mark=mark)
