"""Scaling curves as SVG: points from the JSON lines, drawn by gnuplot."""

import re
import subprocess
from dataclasses import dataclass, field

OURS = "modhost"
# One colour a line of the chart, the same for ours (solid) and what it is measured beside (dashed).
COLOURS = ["#1b5e9e", "#d1782a", "#4a8f43", "#8a4fa3", "#b03a3a", "#5c5c5c", "#2a9d9d", "#a38a2a"]

TITLES = {
    "start-modules": "Start to ready with further C modules",
    "start-memory": "Resident memory with further C modules",
    "flatstore-threads": "flatstore: rows a second by threads, two cores",
    "flatstore-threads-cpu": "flatstore: CPU a row by threads",
    "flatstore-columns": "flatstore: CPU a row by columns",
    "flatstore-batch": "flatstore: CPU a row by rows of an insert",
    "flatstore-disk": "flatstore: rows synced to the disk, by rows of an insert",
    "htable-calls": "htable: CPU a key by entries of the table",
    "htable-batches": "htable: CPU a key in batches of 16, by entries of the table",
    "htable-threads": "htable: operations a second on one table, two cores",
    "timestore-series": "timestore: CPU of a single PUT by series, 64 under way",
    "timestore-batch": "timestore: CPU a record by records of a PUT",
    "timestore-connections-cpu": "timestore: CPU of a single PUT by connections",
    "timestore-connections": "timestore: requests a second by connections",
    "routes-keys": "Routes: a turn with a get of $sht, by keys of the table",
    "routes-workers-arithmetic": "Routes: turns a second by workers, arithmetic",
    "routes-workers-sht-inc": "Routes: turns a second by workers, all on one key",
    "mi-requests": "MI over the FIFO: requests a second by clients",
    "mi-latency": "MI over the FIFO: request to reply by clients",
    "mi-cpu": "MI over the FIFO: CPU a request by clients",
}


@dataclass
class Chart:
    """One picture: lines by name, each a list of (x, median, low, high)."""

    name: str
    title: str
    x_label: str
    y_label: str
    lines: dict = field(default_factory=dict)


def collect(results):
    """Charts from results whose `curve` is CHART or CHART/LINE and whose `x` has one number."""
    charts = {}
    for result in results:
        if not result.get("curve") or not result["x"]:
            continue
        name, _, line = result["curve"].partition("/")
        x_label, x = next(iter(result["x"].items()))
        chart = charts.setdefault(
            name, Chart(name, TITLES.get(name, name.replace("-", " ")), x_label, result["unit"]))
        for figure, subject in [(result["ours"], OURS), (result["floor"], result["floor"] and result["floor"]["name"])]:
            if figure:
                label = f"{line}, {subject}" if line else subject
                chart.lines.setdefault(label, []).append((x, figure["median"], figure["low"], figure["high"]))
    return [chart for chart in charts.values() if any(len(points) > 1 for points in chart.lines.values())]


def _is_wide(values):
    values = [value for value in values if value > 0]
    return bool(values) and max(values) / min(values) >= 30


def script(chart, path):
    """The gnuplot program that draws a chart to `path`."""
    every = [point for points in chart.lines.values() for point in points]
    text = [
        'set terminal svg size 760,440 font "sans-serif,13" background "#ffffff"',
        f'set output "{path}"',
        f'set title "{_quoted(chart.title)}"',
        f'set xlabel "{_quoted(chart.x_label)}"', f'set ylabel "{_quoted(chart.y_label)}"',
        'set grid lc rgb "#dddddd"', 'set border lc rgb "#777777"', "set key outside right top reverse Left",
        'set format x "%.0s%c"' if _is_wide([point[0] for point in every]) else 'set format x "%g"',
    ]
    if _is_wide([point[0] for point in every]):
        text += ["set logscale x", "set offsets graph 0.03, graph 0.03, 0, 0"]
    if _is_wide([point[1] for point in every]):
        text.append("set logscale y")
        text.append('set format y "%.0s%c"')
    else:
        text.append("set yrange [0:*]")
    plots, colours = [], {}
    for number, (label, points) in enumerate(chart.lines.items()):
        text.append(f"$line{number} << END")
        text += [" ".join(f"{value:.10g}" for value in point) for point in sorted(points)]
        text.append("END")
        is_ours = label.endswith(OURS)
        line = label.rpartition(", ")[0]
        colour = colours.setdefault(line, COLOURS[len(colours) % len(COLOURS)])
        style = f'lc rgb "{colour}" lw {2.5 if is_ours else 1.5} dt {1 if is_ours else 2} pt {7 if is_ours else 6} ps 0.6'
        plots.append(f'$line{number} with yerrorlines {style} title "{_quoted(label)}"')
    text.append("plot " + ", ".join(plots))
    return "\n".join(text) + "\n"


def _quoted(text):
    return re.sub(r'(["\\])', r"\\\1", text).replace("_", r"\\_").replace("@", r"\\@")


def draw(chart, path):
    """Draws a chart; raises RuntimeError with gnuplot's words."""
    done = subprocess.run(["gnuplot"], input=script(chart, path), capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"gnuplot cannot draw {path}: {done.stderr.strip()}")
