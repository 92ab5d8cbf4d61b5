"""What is remembered of a unit in an experiment: its exposure and its sums per metric. Pure.

Everything here commutes: given the same first exposure, the same events in any order leave the
same sums. That is why only a change of the first exposure needs the stored history.
"""

from enum import IntEnum

import msgspec

Stamp = tuple[int, str, str]
"""Time in microseconds, source, id: one total order of all events, the same for everybody."""

NEVER: Stamp = (-(2**62), "", "")


class DealState(msgspec.Struct, array_like=True, gc=False):
    """The last amount and the last verdict on one deal, each with the event that said so."""

    amount_at: Stamp = NEVER
    amount: int | None = None
    verdict_at: Stamp = NEVER
    won: bool = False
    reopened: bool = False

    @property
    def is_open(self) -> bool:
        """Tell whether nothing was said of the deal that settles it."""
        return self.reopened or self.verdict_at == NEVER


class MetricSums(msgspec.Struct, array_like=True, gc=False):
    """One unit's sums on one metric: outcome `y`, denominator `d`, covariate `x`.

    `unreadable` counts matching events in the window whose number could not be read.
    """

    y: int = 0
    d: int = 0
    x: int = 0
    unreadable: int = 0
    deals: dict[str, DealState] | None = None
    deals_before: dict[str, DealState] | None = None


class UnitState(msgspec.Struct, array_like=True, gc=False):
    """One unit: its first exposure, the variants it met (bit set) and its sums per metric."""

    first: Stamp
    variant: int
    seen: int
    exposures: int
    sums: list[MetricSums]

    @property
    def is_mixed(self) -> bool:
        """Tell whether the unit met more than one variant."""
        return self.seen & (self.seen - 1) != 0


class Stray(IntEnum):
    """Why an exposure event of an experiment exposed no unit."""

    OUTSIDE_PERIOD = 0
    UNKNOWN_VARIANT = 1
    NO_UNIT = 2


class Entry(msgspec.Struct, array_like=True, gc=False):
    """One definition at one home: its units and the exposure events that exposed none."""

    units: dict[str, UnitState] = {}
    strays: list[int] = msgspec.field(default_factory=lambda: [0] * len(Stray))


class HomeState(msgspec.Struct, array_like=True, gc=False):
    """All experiments' state of one account, by definition id; stored as one packed row."""

    entries: dict[int, Entry] = {}


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(HomeState)


def pack(state: HomeState) -> bytes:
    """Return the state as stored."""
    return _ENCODER.encode(state)


def unpack(packed: bytes) -> HomeState:
    """Return a stored state; raises msgspec.ValidationError where it is none."""
    return _DECODER.decode(packed)
