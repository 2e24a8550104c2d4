"""Numbers with their spread, tables of them, and goals."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Spread:
    """The median of the rounds, with the lowest and the highest."""

    rounds: tuple[float, ...]

    @classmethod
    def of(cls, rounds: Sequence[float]) -> "Spread":
        """The spread of one measurement per round."""
        return cls(tuple(rounds))

    @property
    def median(self) -> float:
        """The value that goals compare."""
        return statistics.median(self.rounds)

    def __str__(self) -> str:
        return f"{number(self.median)} ({number(min(self.rounds))} to {number(max(self.rounds))})"


def number(value: float) -> str:
    """A number with three significant digits."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


@dataclass(frozen=True)
class Table:
    """Rows under a title. Cells are numbers with their spread, or text."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    note: str = ""


@dataclass(frozen=True)
class Goal:
    """A goal: a number that must be at least `least`, or at most `most`."""

    what: str
    reached: Spread
    least: float | None = None
    most: float | None = None
    unit: str = ""

    @property
    def bound(self) -> str:
        """The bound in words."""
        return f"≥ {self.least:g}{self.unit}" if self.least is not None else f"≤ {self.most:g}{self.unit}"

    @property
    def met(self) -> bool:
        """Whether the median is within the bound."""
        return (self.least is None or self.reached.median >= self.least) and (
            self.most is None or self.reached.median <= self.most
        )


@dataclass(frozen=True)
class Part:
    """The results of one part of the benchmark. `bars`: the bars of each chart, by title."""

    tables: Sequence[Table]
    goals: Sequence[Goal] = ()
    bars: dict[str, dict[str, float]] = field(default_factory=dict)


def ratios(these: Sequence[float], those: Sequence[float]) -> Spread:
    """The ratio of these to those in each round: a slow phase of the machine affects both."""
    return Spread.of([this / that for this, that in zip(these, those, strict=True)])
