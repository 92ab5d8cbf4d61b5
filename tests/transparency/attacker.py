"""Somebody who puts everything together that was ever answered, with an integer programme."""

import itertools
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

Spot = tuple[int, int, int]
"""Value of the first dimension, value of the second, slice of time."""


class Answer(NamedTuple):
    """What somebody was told: these spots together hold so much."""

    spots: frozenset[Spot]
    amount: int


class Attacker:
    """Knows the answers, that nothing is negative, and which groups never had anybody in them."""

    def __init__(self, shape: Sequence[int], empty: Collection[Spot] = ()) -> None:
        self.spots = list(itertools.product(*map(range, shape)))
        self._number = {spot: number for number, spot in enumerate(self.spots)}
        self.empty = set(empty)
        self.at_least_one: set[Spot] = set()
        self.answers: list[Answer] = []

    def hear(self, spots: Collection[Spot], amount: int) -> None:
        self.answers.append(Answer(frozenset(spots), amount))

    def limits(self, spots: Collection[Spot], *, whole: bool = True) -> tuple[float, float]:
        """The least and the most that the spots can hold together."""
        wanted = self._row(spots)
        return self._solve(wanted, whole=whole), -self._solve(-wanted, whole=whole)

    def _row(self, spots: Collection[Spot]) -> np.ndarray:
        row = np.zeros(len(self.spots))
        row[[self._number[spot] for spot in spots]] = 1
        return row

    def _solve(self, wanted: np.ndarray, *, whole: bool) -> float:
        amounts = [answer.amount for answer in self.answers]
        rows = [self._row(answer.spots) for answer in self.answers]
        lower = [1 if spot in self.at_least_one else 0 for spot in self.spots]
        upper = [0 if spot in self.empty else np.inf for spot in self.spots]
        found = milp(
            wanted,
            constraints=LinearConstraint(np.array(rows), amounts, amounts) if rows else None,
            bounds=Bounds(lower, upper),
            integrality=np.full(len(self.spots), int(whole)),
        )
        if found.x is None:
            # 3 is unbounded; 4 is unbounded or infeasible, which the truth is not.
            assert found.status in {3, 4}, found.message
            return -np.inf
        return float(found.fun)
