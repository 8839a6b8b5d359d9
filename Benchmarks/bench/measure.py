"""Figures: medians with their spread, over rounds that alternate between the subjects."""

from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """The median of some rounds, with the lowest and the highest."""

    median: float
    low: float
    high: float
    rounds: int

    @staticmethod
    def of(values):
        """The figure of one value a round; at least one."""
        values = list(values)
        return Figure(median(values), min(values), max(values), len(values))

    @staticmethod
    def one(value):
        """A figure that was taken once, without a spread."""
        return Figure(value, value, value, 1)

    def scaled(self, factor):
        """The same figure in another unit."""
        return Figure(self.median * factor, self.low * factor, self.high * factor, self.rounds)

    def json(self):
        return {name: round(value, 4) for name, value in asdict(self).items()}


def interleaved(rounds, subjects, warm_up=0):
    """Calls every subject once a round (A B A B ...), so that whatever disturbs the machine disturbs all alike.

    `subjects` maps names to functions without arguments that return a number, or a dictionary of numbers. Returns a Figure for each
    name, or a dictionary of Figures. The first `warm_up` rounds are not counted.
    """
    taken = {name: [] for name in subjects}
    for number in range(-warm_up, rounds):
        for name, subject in subjects.items():
            value = subject()
            if number >= 0:
                taken[name].append(value)
    return {name: _figures(values) for name, values in taken.items()}


def _figures(values):
    if isinstance(values[0], dict):
        return {key: Figure.of(value[key] for value in values) for key in values[0]}
    return Figure.of(values)
