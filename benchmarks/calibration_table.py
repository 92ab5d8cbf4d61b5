"""The table of the calibration: one line per method and simulated experiment; and its rules.

What is read back is what was written: the tests hold the committed table to the same rules.
"""

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.calibrated_methods import GROUP_SEQUENTIAL
from benchmarks.simulated_experiments import Purpose

POWER_TOLERANCE = 0.03
_ABSENT = "–"


class Line(NamedTuple):
    """A method in a simulated experiment; all from `readable` on but `alpha` are shares of runs.

    NaN where there is nothing to say: no plan, or no interval.
    """

    outcome: str
    planned: str
    """What the plan gave: the `effect` for these units, or the `units` for an effect."""
    units_of_smaller_arm: int
    treated: float
    method: str
    purpose: str
    looks: int
    runs: int
    alpha: float
    readable: float
    false_alarms: float
    coverage: float
    planned_power: float
    power_at_end: float
    power: float

    @property
    def is_shown(self) -> bool:
        """Whether the product shows this figure."""
        return self.purpose != Purpose.CONTRAST

    @property
    def decides(self) -> bool:
        """Whether a status follows from it."""
        return self.purpose == Purpose.DECIDES

    @property
    def most_false_alarms(self) -> float:
        """The promised share and three simulation errors."""
        return at_most(self.alpha, self.runs)

    @property
    def raises_too_many(self) -> bool:
        """Whether false alarms are beyond what is promised."""
        return self.false_alarms > self.most_false_alarms

    @property
    def misses_too_often(self) -> bool:
        """Whether the interval misses the truth more often than promised."""
        return 1 - self.coverage > self.most_false_alarms

    @property
    def keeps_its_level(self) -> bool:
        """Whether false alarms and misses stay where they are promised to be."""
        return not self.raises_too_many and not self.misses_too_often

    @property
    def power_as_planned(self) -> float:
        """The measured power that the plan speaks of: registered looks count, watching does not."""
        return self.power if self.method == GROUP_SEQUENTIAL else self.power_at_end

    @property
    def is_as_powerful_as_planned(self) -> bool:
        """Whether the power is within three points, and three simulation errors, of the plan."""
        error = math.sqrt(self.planned_power * (1 - self.planned_power) / self.runs)
        off = abs(self.power_as_planned - self.planned_power)
        return math.isnan(self.planned_power) or off <= POWER_TOLERANCE + 3 * error


def at_most(share: float, runs: int) -> float:
    """Three simulation errors above."""
    return share + 3 * math.sqrt(share * (1 - share) / runs)


class LooksLine(NamedTuple):
    """Share of experiments without effect that ever show one after so many looks."""

    outcome: str
    method: str
    looks: int
    false_alarms: float


def write_csv(
    kind: type[Line] | type[LooksLine], lines: Sequence[Line] | Sequence[LooksLine], path: Path
) -> None:
    """A table for programs."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(kind._fields)
        writer.writerows([_rounded(cell) for cell in line] for line in lines)


def read_table(path: Path) -> list[Line]:
    """The table as it was written."""
    return [Line(*cells) for cells in _read_csv(Line, path)]


def read_looks(path: Path) -> list[LooksLine]:
    """The false alarms by number of looks as they were written."""
    return [LooksLine(*cells) for cells in _read_csv(LooksLine, path)]


def _read_csv(kind: type[Line] | type[LooksLine], path: Path) -> Iterator[Iterator[Any]]:
    kinds = list(kind.__annotations__.values())
    with path.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    for row in rows:
        yield (of(cell) for of, cell in zip(kinds, row, strict=True))


def write_markdown(lines: Sequence[Line], path: Path) -> None:
    """The table for people: a section per outcome."""
    parts = [_PAGE.read_text(encoding="utf-8"), *_misses(lines)]
    for outcome in dict.fromkeys(line.outcome for line in lines):
        parts += [f"\n## {outcome[0].upper()}{outcome[1:]}\n", _HEADING]
        parts += [_row(line) for line in lines if line.outcome == outcome]
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _misses(lines: Sequence[Line]) -> Iterator[str]:
    shown = [line for line in lines if line.is_shown]
    misses = [line for line in shown if not line.keeps_its_level]
    yield f"\n## Shown, but off its level: {len(misses)} of {len(shown)} lines\n"
    if misses:
        names, rule = _HEADING.split("\n")
        yield f"| outcome {names}\n|---{rule}"
        yield from (f"| {line.outcome} {_row(line)}" for line in misses)


_PAGE = Path(__file__).with_name("calibration_page.md")
_HEADING = (
    "| planned | smaller arm | treated | method | | looks | runs | readable | false alarms "
    "| coverage | power planned | at the end | ever |\n"
    "|---|---:|---:|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
)


def _row(line: Line) -> str:
    cells = [
        line.planned,
        f"{line.units_of_smaller_arm:,}",
        f"{100 * line.treated:g} %",
        line.method,
        line.purpose,
        f"{line.looks:,}",
        f"{line.runs:,}",
        _percent(line.readable),
        _percent(line.false_alarms, 2 if line.alpha < 0.01 else 1)
        + _mark(line, line.raises_too_many),
        _percent(line.coverage) + _mark(line, line.misses_too_often),
        _percent(line.planned_power),
        _percent(line.power_at_end),
        _percent(line.power),
    ]
    return f"| {' | '.join(cells)} |"


def _mark(line: Line, is_off: bool) -> str:
    return " !" if is_off and line.is_shown else ""


def _percent(share: float, digits: int = 1) -> str:
    return _ABSENT if math.isnan(share) else f"{100 * share:.{digits}f} %"


def _rounded(cell: object) -> object:
    return f"{cell:.6g}" if isinstance(cell, float) else cell
