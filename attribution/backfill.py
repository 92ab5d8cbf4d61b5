"""Evaluates a definition at a home from what a build read of its history, much of it times alone.

Pure. Promise: the entry is the one that `evaluate` gives from the whole history.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from attribution.definitions import Definition
from attribution.evaluate import evaluate
from attribution.increments import Increments
from attribution.units import Entry, UnitState, pack, unpack
from schemas.events import Event


@dataclass(slots=True)
class ReadHistory:
    """What was read of a home: events one by one, and of others the times, by their type.

    Times alone are enough where each event of a type counts 1, whoever it was and whatever it says.
    """

    events: list[Event] = field(default_factory=list)
    times: list[tuple[str, Sequence[int]]] = field(default_factory=list)

    def __len__(self) -> int:
        """How many stored events that is."""
        return len(self.events) + sum(len(times_us) for _, times_us in self.times)


def build_in(
    definition: Definition, home: str, packed: bytes, read: ReadHistory, increments: Increments
) -> bytes | None:
    """Evaluate one definition at a home; return the changed state, if it is.

    Safe to repeat, and safe beside the live stream: what was there is taken before what is, is put.
    """
    state = unpack(packed)
    before = state.entries.pop(definition.id, None)
    after = evaluate_read(definition, home, read)
    if before is None and after is None:
        return None
    if after is not None:
        state.entries[definition.id] = after
    increments.replace_entry(definition, home, before, after)
    return pack(state)


def evaluate_read(definition: Definition, home: str, read: ReadHistory) -> Entry | None:
    """Return the entry that the history of a home leaves, None where nothing met it."""
    entry = evaluate(definition, home, read.events)
    if entry is None:
        return None
    # Of an account: where contacts are the units, events are read one by one.
    for unit in entry.units.values():
        for event_type, times_us in read.times:
            _add_times(definition, unit, event_type, times_us)
    return entry


def _add_times(
    definition: Definition, unit: UnitState, event_type: str, times_us: Sequence[int]
) -> None:
    for number in definition.metrics_by_type[event_type]:
        rule, sums = definition.metrics[number], unit.sums[number]
        before, within = _counted(times_us, unit.first[0], rule.covariate_us, rule.window_us)
        if event_type in rule.numerator.types:
            sums.x += before
            sums.y += within
        if rule.denominator is not None and event_type in rule.denominator.types:
            sums.d += within


def _counted(
    times_us: Sequence[int], exposed_us: int, covariate_us: int, window_us: int
) -> tuple[int, int]:
    """Return how many of the times lie in the covariate's span, and how many in the window."""
    earliest, latest = exposed_us - covariate_us, exposed_us + window_us
    before = within = 0
    for time_us in times_us:
        if exposed_us <= time_us < latest:
            within += 1
        elif earliest <= time_us < exposed_us:
            before += 1
    return before, within
