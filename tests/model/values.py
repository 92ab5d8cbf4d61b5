"""The values of the model: what a log, a database and a worker hold, small and comparable.

Everything is a tuple, so that a state of the whole system can be remembered, and met again.
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

Pairs = tuple[tuple[Key, Value], ...]
"""A mapping as a sorted tuple."""


class Event(NamedTuple):
    """An event: its identity, the home it belongs to, and whether it exposes that home."""

    id: str
    home: str
    exposes: bool = False


class Place(NamedTuple):
    """A partition of one topic; a topic that was made again has another number."""

    topic: int
    partition: int


class Unit(NamedTuple):
    """The state of a home: whether it is exposed, and how many outcomes it has since."""

    exposed: bool
    outcomes: int


class Moments(NamedTuple):
    """Exact sums over all exposed homes."""

    n: int
    sum_y: int
    sum_yy: int

    def __add__(self, other: tuple[object, ...]) -> "Moments":
        assert isinstance(other, Moments)
        return Moments(self.n + other.n, self.sum_y + other.sum_y, self.sum_yy + other.sum_yy)

    def __sub__(self, other: "Moments") -> "Moments":
        return Moments(self.n - other.n, self.sum_y - other.sum_y, self.sum_yy - other.sum_yy)


NOTHING = Moments(0, 0, 0)
UNTOUCHED = Unit(exposed=False, outcomes=0)


class Database(NamedTuple):
    """What is committed. `stored` holds events as often as they were stored.

    `owners` says which place's batch wrote the state of a home last.
    """

    offsets: Pairs[Place, int] = ()
    stored: tuple[Event, ...] = ()
    states: Pairs[str, Unit] = ()
    owners: Pairs[str, Place] = ()
    moments: Moments = NOTHING
    registered: bool = True
    built: frozenset[str] = frozenset()


class Batch(NamedTuple):
    """Records of a place from `first` up to `next`."""

    place: Place
    first: int
    next: int
    events: tuple[Event, ...]


class Work(NamedTuple):
    """A transaction under way: the batch, and as far as it has come, what it found and will write.

    `found` holds the states that it has read, None for a home without one; `None` before that.
    """

    batch: Batch
    registered: bool
    alone: bool
    new: tuple[Event, ...] | None = None
    found: Pairs[str, Unit | None] | None = None
    states: Pairs[str, Unit] = ()
    change: Moments = NOTHING


class Worker(NamedTuple):
    """What one process believes: how far it has read, the batch that waits, and its transaction.

    `alone`: the batch that waits has to be run with no other beside it.
    """

    positions: Pairs[Place, int] = ()
    waiting: Batch | None = None
    alone: bool = False
    work: Work | None = None


class Left(NamedTuple):
    """How often each misfortune may still happen."""

    crashes: int = 0
    lost_answers: int = 0
    database_crashes: int = 0
    new_topics: int = 0
    revocations: int = 0


class World(NamedTuple):
    """The whole system at one moment. `flushed` is what a crash of the database would leave."""

    logs: Pairs[Place, tuple[Event, ...]]
    coming: tuple[tuple[Place, Event], ...]
    topic: int
    database: Database
    flushed: Database
    workers: tuple[Worker, ...]
    left: Left
    building: bool = False


def get(pairs: Pairs[Key, Value], key: Key) -> Value | None:
    """Return the value of a key, None where there is none."""
    for found, value in pairs:
        if found == key:
            return value
    return None


def put(pairs: Pairs[Key, Value], key: Key, value: Value) -> Pairs[Key, Value]:
    """Return the pairs with this key set to this value."""
    return tuple(sorted([*((k, v) for k, v in pairs if k != key), (key, value)]))


def without(pairs: Pairs[Key, Value], key: Key) -> Pairs[Key, Value]:
    """Return the pairs without this key."""
    return tuple(pair for pair in pairs if pair[0] != key)


def moments_of(units: Iterable[Unit]) -> Moments:
    """Return the sums over these units."""
    exposed = [unit.outcomes for unit in units if unit.exposed]
    return Moments(len(exposed), sum(exposed), sum(y * y for y in exposed))


def evaluated(history: Iterable[Event]) -> Unit:
    """Return what a whole history comes to: nothing counts where nothing exposes."""
    events = list(history)
    if not any(event.exposes for event in events):
        return UNTOUCHED
    return Unit(exposed=True, outcomes=sum(not event.exposes for event in events))
