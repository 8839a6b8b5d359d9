"""start to ready and resident memory with all modules; then with 1 to 50 modules made of the C template"""

import os

from bench.build import ROOT
from bench.host import all_modules
from bench.measure import Figure

TEMPLATE = os.path.join(ROOT, "Packaging/sdk/templates/c/module.c")
COUNTS = [1, 2, 5, 10, 20, 35, 50]


def run(bench):
    times, memory = [], []
    for _ in range(bench.rounds(15)):
        with bench.host(all_modules()) as host:
            times.append(host.ready_ms)
            memory.append(host.memory_bytes() / 1e6)
    bench.report("start to ready, all modules, wall", "ms", Figure.of(times), most=50)
    bench.report("resident memory, idle, all modules", "MB", Figure.of(memory), most=30)
    curve(bench)


def curve(bench):
    """Modules with a parameter, a command, a timer and a counter each; each is a file of its own."""
    names = [made(bench, number) for number in range(max(COUNTS))]
    times, memory, slopes = {count: [] for count in COUNTS}, {count: [] for count in COUNTS}, []
    for _ in range(bench.rounds(9)):
        for count in COUNTS:
            with bench.host([f'loadmodule "{name}.so"' for name in names[:count]]) as host:
                times[count].append(host.ready_ms)
                memory[count].append(host.memory_bytes() / 1e6)
        slopes.append(slope([(count, times[count][-1]) for count in COUNTS]))
    bench.report("each further C module, wall", "ms", Figure.of(slopes), most=0.5)
    bench.report("each further C module, memory", "kB", Figure.one(
        1000 * slope([(count, Figure.of(memory[count]).median) for count in COUNTS])))
    for count in COUNTS:
        bench.report(f"start to ready, {count} C modules, wall", "ms", Figure.of(times[count]), x={"modules": count},
                     curve="start-modules")
        bench.report(f"resident memory, {count} C modules", "MB", Figure.of(memory[count]), x={"modules": count},
                     curve="start-memory")


def made(bench, number):
    """Compiles the template as one module of many and returns its name."""
    name = f"many{number}"
    with open(TEMPLATE) as file:
        text = file.read().replace("@NAME@", name).replace("@IDENT@", name)
    source = os.path.join(bench.builder.folder, name + ".c")
    with open(source, "w") as file:
        file.write(text)
    bench.builder.module(source, name=name)
    return name


def slope(points):
    """Of the line that fits best (least squares)."""
    x_mean = sum(x for x, _ in points) / len(points)
    y_mean = sum(y for _, y in points) / len(points)
    return sum((x - x_mean) * (y - y_mean) for x, y in points) / sum((x - x_mean) ** 2 for x, _ in points)
