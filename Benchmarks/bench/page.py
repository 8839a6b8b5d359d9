"""The tables of Documentation/performance.md: what stands between two marks of a suite is written anew from the JSON lines."""

import re

from .report import number, spread
from .measure import Figure


def figure_of(fields):
    return fields and Figure(fields["median"], fields["low"], fields["high"], fields["rounds"])


def table(results):
    """Results as a Markdown table; points of curves are left to the pictures."""
    lines = ["| what | modhost | floor or peer | ratio | mark | |", "|---|---|---|---|---|---|"]
    for result in results:
        if "what" not in result or result["curve"]:
            continue
        floor = spread(figure_of(result["floor"]), result["unit"])
        if result["floor"]:
            floor += f" ({result['floor']['name']})"
        verdict = {True: "reached", False: "**missed**", None: ""}[result["met"]]
        ratio = "" if result["ratio"] is None else number(result["ratio"])
        lines.append(f"| {result['what'].strip()} | {spread(figure_of(result['ours']), result['unit'])} | {floor} | {ratio} "
                     f"| {result['mark']} | {verdict} |")
    return "\n".join(lines)


def notes(results):
    return "".join(f"\nNot measured: {result['note'].removeprefix('NOT MEASURED: ')}\n" for result in results
                   if "note" in result)


def machine(facts):
    later = ", ".join(f"{name} (commit {commit})" for name, commit in facts["later"].items())
    again = f" Measured again by themselves in another run: {later}." if later else ""
    return (f"{facts['processor']}, {facts['cores']} cores, {facts['memory']}; {facts['kernel']}, {facts['system']}; "
            f"{facts['swift']}; {facts['compiler']}; commit {facts['commit']}.{again}")


def renewed(page, blocks):
    """The page with each block `<!-- bench NAME -->` … `<!-- end -->` filled anew; raises KeyError for a block without results."""
    def fill(match):
        name = match.group(1)
        return f"<!-- bench {name} -->\n{blocks[name].strip()}\n<!-- end -->"

    return re.sub(r"<!-- bench ([a-z]+) -->\n.*?<!-- end -->", fill, page, flags=re.DOTALL)
