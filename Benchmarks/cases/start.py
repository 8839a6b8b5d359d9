"""start to ready and resident memory, with all modules loaded"""

from bench.host import all_modules
from bench.measure import Figure


def run(bench):
    times, memory = [], []
    for _ in range(bench.rounds(15)):
        with bench.host(all_modules()) as host:
            times.append(host.ready_ms)
            memory.append(host.memory_bytes() / 1e6)
    bench.report("start to ready, all modules, wall", "ms", Figure.of(times), most=50)
    bench.report("resident memory, idle, all modules", "MB", Figure.of(memory), most=30)
