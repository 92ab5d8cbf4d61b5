"""Values above one cap are counted as the cap: a single huge deal does not decide an experiment.

One cap for all arms, fixed before the start, or taken from the history before it. Sources: Dixon
1960; Hyndman & Fan 1996 (quantile of type 7). Misleads where the effect is in the few largest
values: the uncapped figure stands beside it, with the number of capped units.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec

from inference.arguments import exact_share, whole, wholes
from inference.comparison import NotComparable, Reason
from inference.moments import Moments


class CappedOutcomes(msgspec.Struct, frozen=True):
    """One arm with its values capped, as it was, and how many of its units were capped."""

    capped: Moments
    uncapped: Moments
    capped_units: int


def winsorise(outcomes: Sequence[int], *, cap: int) -> CappedOutcomes:
    """Sums of an arm's outcomes with every value above `cap` counted as `cap`."""
    values, limit = wholes("outcomes", outcomes), whole("cap", cap)
    return CappedOutcomes(
        capped=_moments_of(min(value, limit) for value in values),
        uncapped=_moments_of(values),
        capped_units=sum(value > limit for value in values),
    )


def cap_from_history(
    history: Sequence[int], share: Fraction | Decimal = Fraction(999, 1000)
) -> int | NotComparable:
    """The cap below which this share of the non-zero values before the start lies.

    Quantile of type 7 between the neighbouring values, rounded up to a step of the fixed point;
    all arms together. Without a value other than zero there is none.
    """
    values = sorted(value for value in wholes("history", history) if value != 0)
    place = (len(values) - 1) * exact_share("share", share)
    if not values:
        return NotComparable(Reason.TOO_FEW_EVENTS, "the history has no value other than zero")
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    return math.ceil(values[below] + (place - below) * (values[above] - values[below]))


def _moments_of(values: Iterable[int]) -> Moments:
    return sum(map(Moments.of_outcome, values), Moments.zero())
