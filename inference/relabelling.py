"""Which units could have been in treatment instead: all ways, or some of them drawn.

Randomness is an argument: the same generator state gives the same relabellings. The labels as they
were are always among them.
"""

from __future__ import annotations

import itertools
import math
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from inference.arguments import ArgumentError, whole

Labels: TypeAlias = NDArray[np.bool_]

MOST_ENUMERATED = 50_000
"""Ways to label up to nine units in each arm are enumerated; above, they are drawn."""
FEWEST_DRAWS = 99


class Relabellings(msgspec.Struct, frozen=True):
    """One row per way to label the units (control's first, then treatment's); the first is real."""

    treated: Labels

    def __post_init__(self) -> None:
        rows = self.treated
        if rows.ndim != 2 or rows.dtype != np.bool_ or len(rows) < 1:
            raise ArgumentError("treated", "must be a table of booleans, one row per relabelling")
        if not np.array_equal(rows[0], np.sort(rows[0])):
            raise ArgumentError("treated[0]", "must be the real labels: control first")
        if (rows.sum(axis=1) != rows[0].sum()).any():
            raise ArgumentError("treated", "must have as many treated units in every row")

    @property
    def units(self) -> tuple[int, int]:
        """Units in control and in treatment."""
        treated = int(self.treated[0].sum())
        return self.treated.shape[1] - treated, treated


def all_relabellings(n_control: int, n_treatment: int) -> Relabellings:
    """Every way to choose the treated units."""
    n = _refuse_empty(n_control, n_treatment)
    ways = math.comb(n, n_treatment)
    if ways > MOST_ENUMERATED:
        raise ArgumentError(
            "n_control", f"and n_treatment allow {ways} relabellings: draw some of them"
        )
    # Reversed: the last combination is that of the last units, which are the treated ones.
    places = np.array(list(itertools.combinations(range(n), n_treatment)))[::-1]
    treated = np.zeros((ways, n), dtype=np.bool_)
    np.put_along_axis(treated, places, values=True, axis=1)
    return Relabellings(treated)


def drawn_relabellings(
    n_control: int, n_treatment: int, *, draws: int, generator: np.random.Generator
) -> Relabellings:
    """So many relabellings drawn independently, after the real one."""
    n = _refuse_empty(n_control, n_treatment)
    whole("draws", draws, at_least=FEWEST_DRAWS)
    real = np.arange(n) >= n_control
    drawn = generator.permuted(np.tile(real, (draws, 1)), axis=1)
    return Relabellings(np.vstack([real[None, :], drawn]))


def _refuse_empty(n_control: int, n_treatment: int) -> int:
    whole("n_control", n_control, at_least=1)
    return n_control + whole("n_treatment", n_treatment, at_least=1)
