"""Simulated experiments: their size and traffic, their outcomes, and what is seen at some looks.

Exact sums of simulated units become the same columns as those of real experiments.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from benchmarks.drawn_outcomes import Bools, Distribution, Ints, Sample, assigned
from inference.arms import arms_of_means
from inference.cuped import adjusted_differences, regressions_of
from inference.differences import Differences, differences_of
from inference.ratios import arms_of_ratios
from inference.sums import Sums

FEWEST_PLANNED_UNITS = 40
"""Planned for an arm; below, single units are read."""
_CELLS_AT_ONCE = 1_000_000


class Purpose(StrEnum):
    """What the product does with a method in such an experiment."""

    DECIDES = "decides"
    BESIDE = "beside"
    CONTRAST = "not shown"


class Setting(NamedTuple):
    """A simulated experiment: how many units mature, and the share that gets the treatment."""

    distribution: Distribution
    units: int
    share: float = 0.5

    @property
    def treated(self) -> int:
        """Units with the treatment."""
        return round(self.units * self.share)

    @property
    def control(self) -> int:
        """Units without it."""
        return self.units - self.treated

    @property
    def fewest_per_arm(self) -> int:
        """Units of the smaller arm."""
        return min(self.control, self.treated)

    @property
    def is_small(self) -> bool:
        """Whether single units are read instead of sums."""
        return self.fewest_per_arm < FEWEST_PLANNED_UNITS

    @property
    def purpose(self) -> Purpose:
        """Of what stands beside the deciding interval: few units have no such figures."""
        return Purpose.CONTRAST if self.is_small else Purpose.BESIDE


class Watched(NamedTuple):
    """Per run and look: whether there is a result, excludes zero, and holds the truth."""

    exists: Bools
    excludes_zero: Bools
    holds_truth: Bools

    def summary(self) -> "Seen":
        """What each run ever showed."""
        return Seen(
            self.exists.any(axis=1),
            self.excludes_zero.any(axis=1),
            self.excludes_zero[:, -1],
            self.holds_truth.all(axis=1),
        )


class Seen(NamedTuple):
    """Per run: was there ever a result, an effect ever shown, shown at the end, always held."""

    readable: Bools
    ever_excludes: Bools
    excludes_at_end: Bools
    always_holds: Bools


class Simulated:
    """Runs of one experiment with a known effect; what they look like at some looks is kept."""

    def __init__(self, sample: Sample, effect: float) -> None:
        self.sample = sample
        self.effect = effect
        self._seen: dict[bytes, Differences] = {}

    def at(self, looks: Ints) -> Differences:
        """Treatment minus control after so many units, one row per run and look."""
        key = looks.tobytes()
        if key not in self._seen:
            self._seen[key] = differences_at(self.sample, looks)
        return self._seen[key]


def draw(generator: np.random.Generator, setting: Setting, runs: int, effect: float) -> Simulated:
    """Runs of an experiment."""
    treated = assigned(generator, runs, setting.control, setting.treated)
    return Simulated(setting.distribution.draw(generator, treated, effect), effect)


def draw_in_parts(
    generator: np.random.Generator, setting: Setting, runs: int, effect: float
) -> Iterator[Simulated]:
    """The same, some runs at a time: all of them would not fit into memory."""
    at_once = max(1, _CELLS_AT_ONCE // setting.units)
    for first in range(0, runs, at_once):
        yield draw(generator, setting, min(at_once, runs - first), effect)


def differences_at(sample: Sample, looks: Ints) -> Differences:
    """Treatment minus control after so many units, one row per run and look."""
    sides = [_sums_at(sample, side, looks) for side in (~sample.treated, sample.treated)]
    steps = np.ones(len(sides[0]), dtype=sides[0].n.dtype)
    if sample.x is not None:
        return adjusted_differences(*(regressions_of(sums, steps=steps) for sums in sides))
    if sample.d is None:
        return differences_of(*(arms_of_means(sums, steps=steps) for sums in sides))
    arms = (arms_of_ratios(sums, steps=steps, denominator_steps=steps) for sums in sides)
    return differences_of(*arms)


def _sums_at(sample: Sample, side: Bools, looks: Ints) -> Sums:
    y = sample.y
    nothing = np.zeros((len(y), len(looks)), dtype=np.int64)

    def at(values: Ints | None) -> Ints:
        return nothing if values is None else _running(values, side)[:, looks - 1]

    x, d = sample.x, sample.d
    columns = [at(np.ones_like(y)), at(y), at(y * y)]
    columns += [at(x), at(x * x), at(x * y)] if x is not None else [nothing] * 3
    columns += [at(d), at(d * d), at(y * d)] if d is not None else [nothing] * 3
    is_plain = x is None and d is None and columns[2].max() < 2**62 // max(1, y.shape[1])
    # Means of such small sums stay exact in 64 bits; products of several sums would not.
    kind = np.int64 if is_plain else object
    return Sums(*(column.ravel().astype(kind) for column in columns))


def _running(values: Ints, side: Bools) -> Ints:
    return np.where(side, values, 0).cumsum(axis=1)
