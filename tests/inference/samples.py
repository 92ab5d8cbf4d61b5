"""Moments and arms from plain lists of outcomes, for tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from inference.arms import Arm, arm_of_means
from inference.comparison import Comparison, NotComparable
from inference.moments import Moments

T = TypeVar("T")


def moments_of(
    outcomes: Iterable[int], covariates: Iterable[int] = (), denominators: Iterable[int] = ()
) -> Moments:
    y = list(outcomes)
    x = list(covariates) or [0] * len(y)
    d = list(denominators) or [0] * len(y)
    units = (Moments.of_outcome(*map(int, unit)) for unit in zip(y, x, d, strict=True))
    return sum(units, Moments.zero())


def arm_of(outcomes: Iterable[int], scale: int = 0) -> Arm:
    return found(arm_of_means(moments_of(outcomes), scale=scale))


def found(result: T | NotComparable) -> T:
    assert not isinstance(result, NotComparable), result
    return result


def ends_of(comparison: Comparison) -> tuple[float, float]:
    return comparison.lower, comparison.upper
