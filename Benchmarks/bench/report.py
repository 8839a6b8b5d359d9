"""What a run says: an aligned table on the terminal, JSON lines in run/bench."""

import json
import os
import sys

LESS, MORE = "less", "more"
WIDTHS = (54, 26, 26, 8)


def number(value):
    """Three or four figures that matter, with thousands set apart."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 1 else f"{value:.3f}"


def spread(figure, unit):
    """`median [low..high] unit`, the range only where there are several rounds."""
    if figure is None:
        return "-"
    middle = number(figure.median)
    if figure.rounds > 1 and figure.low != figure.high:
        middle += f" [{number(figure.low)}..{number(figure.high)}]"
    return f"{middle} {unit}".strip()


class Report:
    """Prints each result when it is there and appends it to the JSON lines."""

    def __init__(self, path, colour):
        self.path = path
        self.colour = colour
        self.suite = ""
        self.missed = []
        self._file = open(path, "w")

    def head(self, facts):
        """The first line of the file: machine, date, commit."""
        self._write({"machine": facts})
        print(f"{facts['processor']}, {facts['cores']} cores, {facts['memory']}, {facts['kernel']}, {facts['system']}")
        print(f"{facts['swift']}; {facts['compiler']}; commit {facts['commit']}\n")
        self._line("what", "modhost", "floor or peer", "ratio", "mark", bold=True)

    def begin(self, suite, note=""):
        self.suite = suite
        print(self._bold(f"\n{suite}") + (f": {note}" if note else ""))

    def note(self, text):
        """A remark, such as what was skipped and why."""
        self._write({"suite": self.suite, "note": text})
        print(f"  note: {text}", flush=True)

    def result(self, what, unit, ours, floor=None, floor_name="floor", mark=None, better=LESS, ratio="ours/floor", x=None,
               curve=None, least=None, most=None):
        """One result.

        `mark` is what the ratio must be: at most where less is better, at least where more is. `ratio="floor/ours"` turns it round.
        `least` and `most` are marks on our own figure, in its unit. `curve` names the scaling curve that the point `x` belongs to.
        """
        if ours is None and floor is None:
            raise ValueError(f"{what}: a result needs a figure")
        quotient = None
        if ours and floor and ours.median and floor.median:
            quotient = ours.median / floor.median
            if ratio == "floor/ours":
                quotient = 1 / quotient
        mark_is_least = (better == MORE) == (ratio == "ours/floor")
        marks, met = [], None
        if mark is not None and quotient is not None:
            met = quotient >= mark if mark_is_least else quotient <= mark
            marks.append(f"{'at least' if mark_is_least else 'at most'} {mark:g}")
        if least is not None:
            met = ours.median >= least and met is not False
            marks.append(f"at least {least:g} {unit}")
        if most is not None:
            met = ours.median <= most and met is not False
            marks.append(f"at most {most:g} {unit}")
        if met is False:
            self.missed.append(f"{self.suite}: {what}")
        self._write({
            "suite": self.suite, "what": what, "unit": unit, "x": x or {}, "curve": curve, "better": better,
            "ours": ours and ours.json(), "floor": floor and {"name": floor_name, **floor.json()},
            "ratio": quotient and round(quotient, 4), "ratio_is": ratio, "mark": ", ".join(marks), "met": met})
        told = spread(floor, unit) + (f" {floor_name}" if floor and floor_name != "floor" else "")
        self._line(("  " if curve else "") + what, spread(ours, unit), told, f"{quotient:.2f}" if quotient else "-",
                   ", ".join(marks), met=met)

    def close(self):
        self._file.close()

    def _write(self, fields):
        self._file.write(json.dumps(fields, ensure_ascii=False) + "\n")
        self._file.flush()

    def _bold(self, text):
        return f"\033[1m{text}\033[0m" if self.colour else text

    def _line(self, what, ours, floor, ratio, mark, met=None, bold=False):
        cells = f"{what:<{WIDTHS[0]}} {ours:>{WIDTHS[1]}} {floor:>{WIDTHS[2]}} {ratio:>{WIDTHS[3]}}   "
        tail = mark if met is None else f"{mark} {'ok' if met else 'MISSED'}"
        if met is False and self.colour:
            tail = f"\033[31m{tail}\033[0m"
        line = (cells + tail).rstrip()
        print(self._bold(line) if bold else line, flush=True)


def wants_colour():
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
