"""Events a second of each phase, from where the partitions stood at several times. Pure.

Partitions do not enter a phase together, so an interval between two commits counts for a phase
only if nearly all of its events belong to it; the others, and the first, are left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

MOSTLY = 0.95
"""The share of its events by which an interval belongs to a phase."""

Offsets = Mapping[int, int]


@dataclass(frozen=True)
class Cpu:
    """Seconds of processor time."""

    workers: float
    broker: float
    postgres: float

    def __sub__(self, other: "Cpu") -> "Cpu":
        return Cpu(
            self.workers - other.workers,
            self.broker - other.broker,
            self.postgres - other.postgres,
        )

    def __add__(self, other: "Cpu") -> "Cpu":
        return self - (Cpu(0, 0, 0) - other)


@dataclass(frozen=True)
class Sample:
    """Where the partitions stood, durably, and what had been used by then."""

    seconds: float
    offsets: Offsets
    cpu: Cpu


@dataclass(frozen=True)
class Rate:
    """A phase as it was measured; `longest_seconds` is the longest time without a commit."""

    events: int
    seconds: float
    cpu: Cpu
    longest_seconds: float

    @property
    def per_second(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    def microseconds(self, seconds: float) -> float:
        """Return so many seconds of processor time for each event, in microseconds."""
        return seconds / self.events * 1e6


def rate_of(samples: Sequence[Sample], begins: Offsets, ends: Offsets) -> Rate | None:
    """Return the rate between these offsets, None where no interval belongs to it."""
    counted = [
        (before, after)
        for before, after in pairwise(_changes(samples))
        if _belongs(before.offsets, after.offsets, begins, ends)
    ]
    if not counted:
        return None
    used = Cpu(0, 0, 0)
    for before, after in counted:
        used += after.cpu - before.cpu
    lengths = [after.seconds - before.seconds for before, after in counted]
    events = sum(_between(before.offsets, after.offsets) for before, after in counted)
    return Rate(events, sum(lengths), used, max(lengths))


def _changes(samples: Sequence[Sample]) -> Iterator[Sample]:
    """Yield the samples at which something new was durable."""
    last = samples[0].offsets
    for sample in samples[1:]:
        if any(offset != last.get(number, 0) for number, offset in sample.offsets.items()):
            yield sample
        last = sample.offsets


def _between(before: Offsets, after: Offsets) -> int:
    return sum(offset - before.get(number, 0) for number, offset in after.items())


def _belongs(before: Offsets, after: Offsets, begins: Offsets, ends: Offsets) -> bool:
    inside = sum(
        max(0, min(offset, ends[number]) - max(before.get(number, 0), begins.get(number, 0)))
        for number, offset in after.items()
    )
    return inside >= MOSTLY * _between(before, after)
