"""Deals as they are followed: how long, and whether won, lost or still open; counted at each time.

An open deal is not a lost one: it counts as at risk until it was last seen. Deals that closed and
deals that were last seen at the same time: closing comes first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from itertools import accumulate

import msgspec

from inference.arguments import ArgumentError, whole


class DealState(StrEnum):
    """How a deal stands when it was last seen."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class DealTime(msgspec.Struct, frozen=True):
    """One unit's deal: time from exposure until it closed, or until it was last seen open.

    In whole steps of any length (days, seconds), the same for all deals.
    """

    time: int
    state: DealState


class Closings(msgspec.Struct, frozen=True):
    """One time at which deals closed: how many were at risk just before, were won, were lost."""

    time: int
    at_risk: int
    won: int
    lost: int

    @property
    def closed(self) -> int:
        """Won and lost together."""
        return self.won + self.lost


def closings_of(name: str, deals: Sequence[DealTime]) -> tuple[Closings, ...]:
    """The times at which deals closed, in their order; `name` is the argument refusals name."""
    for place, deal in enumerate(deals):
        whole(f"{name}[{place}].time", deal.time, at_least=0)
        if not isinstance(deal.state, DealState):
            raise ArgumentError(
                f"{name}[{place}].state", f"must be a DealState, not {deal.state!r}"
            )
    seen = Counter(deal.time for deal in deals)
    states = Counter((deal.time, deal.state) for deal in deals)
    times = sorted(seen)
    gone = (0, *accumulate(seen[time] for time in times))
    table = (
        Closings(
            time, len(deals) - before, states[time, DealState.WON], states[time, DealState.LOST]
        )
        for time, before in zip(times, gone, strict=False)
    )
    return tuple(closings for closings in table if closings.closed)


def last_seen(deals: Sequence[DealTime]) -> int | None:
    """The longest time any deal was followed; none without deals."""
    return max((deal.time for deal in deals), default=None)
