"""How events reach the gate: late, twice, out of order, and with broken ones among them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cli.company.broken import BROKEN_KINDS, BrokenEvent, break_event
from cli.company.shape import HOUR_US, Trouble

TRANSIT_SECONDS = 2.0
AGAIN_HOURS = 3.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event as it is handed over, and when."""

    at_us: int
    raw: bytes


@dataclass(frozen=True)
class Deliveries:
    """Everything that is handed over, in order, and what was done to it."""

    events: list[Delivery]
    broken: tuple[BrokenEvent, ...]
    late: int
    duplicates: int
    out_of_order: int
    """Valid events handed over for the first time after one that happened later."""


def deliver(
    random: np.random.Generator, times_us: Sequence[int], raw: Sequence[bytes], trouble: Trouble
) -> Deliveries:
    """Return the deliveries of valid events that happened at `times_us`, broken ones added."""
    happened = np.asarray(times_us, dtype=np.int64)
    at, late = _arrivals(random, happened, trouble)
    again = np.flatnonzero(random.random(len(raw)) < trouble.duplicated)
    again_at = at[again] + (random.exponential(AGAIN_HOURS, len(again)) * HOUR_US).astype(np.int64)
    broken = _break_some(random, raw, trouble)
    broken_at = random.choice(at, len(broken)) if len(at) else at
    everything = [*raw, *(raw[place] for place in again.tolist()), *(event.raw for event in broken)]
    moments = np.concatenate([at, again_at + 1, broken_at])
    order = np.argsort(moments, kind="stable")
    return Deliveries(
        events=[Delivery(int(moments[place]), everything[place]) for place in order],
        broken=broken,
        late=int(late.sum()),
        duplicates=len(again),
        out_of_order=_out_of_order(happened, at),
    )


def _arrivals(
    random: np.random.Generator, happened: np.ndarray, trouble: Trouble
) -> tuple[np.ndarray, np.ndarray]:
    transit = random.exponential(TRANSIT_SECONDS, len(happened)) * 1e6
    late = random.random(len(happened)) < trouble.late
    hours = random.lognormal(np.log(trouble.late_median_hours), trouble.late_sigma, len(happened))
    delay = np.where(late, hours * HOUR_US, transit if trouble.late else 0)
    return happened + delay.astype(np.int64), late


def _break_some(
    random: np.random.Generator, raw: Sequence[bytes], trouble: Trouble
) -> tuple[BrokenEvent, ...]:
    count = round(len(raw) * trouble.broken)
    places: list[int] = random.integers(0, max(len(raw), 1), count).tolist()
    return tuple(
        # Every kind in turn, so that even a small company has one of each.
        break_event(raw[place], number, BROKEN_KINDS[number % len(BROKEN_KINDS)])
        for number, place in enumerate(places)
    )


def _out_of_order(happened: np.ndarray, at: np.ndarray) -> int:
    in_order = happened[np.argsort(at, kind="stable")]
    return int((in_order < np.maximum.accumulate(in_order)).sum())
