"""Drives histories through the fold as the worker does: loads, calls, saves; all in two dicts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from attribution.backfill import ReadHistory, build_in
from attribution.definitions import Definition
from attribution.fold import HomeBatch, fold, needs_history
from attribution.increments import Increments
from attribution.index import DefinitionIndex
from attribution.units import Entry, Stray, unpack
from schemas.events import Event
from tests.attribution.oracle import Totals

_REASONS = {
    Stray.OUTSIDE_PERIOD: "outside period",
    Stray.UNKNOWN_VARIANT: "unknown variant",
    Stray.NO_UNIT: "no unit",
}
_Ledger = dict[Any, list[int]]


def home_of(event: Event) -> str:
    return event.account or f"contact:{event.contact}"


@dataclass
class Stream:
    """What a worker and its database hold between batches."""

    index: DefinitionIndex = field(default_factory=lambda: DefinitionIndex(()))
    states: dict[str, bytes] = field(default_factory=dict)
    log: dict[str, dict[tuple[str, str], Event]] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    histories_read: int = 0
    _moments: _Ledger = field(default_factory=dict)
    _cohorts: _Ledger = field(default_factory=dict)
    _strays: Counter[tuple[int, str]] = field(default_factory=Counter)
    _homes: set[tuple[str, int]] = field(default_factory=set)

    def deliver(self, events: Iterable[Event], moves: Mapping[str, str] | None = None) -> None:
        """Take one batch, after moving contacts' own events to the homes that `moves` names."""
        moved = self._move(moves or {})
        new = self._store(events)
        batches = {home: self._batch(home, new.get(home, []), moved) for home in new.keys() | moved}
        folded = fold(self.index, batches)
        self.states |= folded.states
        self._book(folded.increments)

    def build(self, definition: Definition, homes: Iterable[str]) -> None:
        """Evaluate one definition at these homes, as a backfill does beside the stream."""
        increments = Increments()
        for home in homes:
            read = ReadHistory(list(self.history(home)))
            state = build_in(definition, home, self.states[home], read, increments)
            if state is not None:
                self.states[home] = state
        self._book(increments)

    def activate(self, definitions: Iterable[Definition]) -> None:
        """Let exactly these definitions be the active ones; drop the totals of all others."""
        self.index = DefinitionIndex(definitions)
        for ledger in (self._moments, self._cohorts, self._strays):
            for key in [key for key in ledger if key[0] not in self.index.by_id]:
                del ledger[key]

    def history(self, home: str) -> list[Event]:
        """Return a home's stored events, latest stored first: an order that no rule rests on."""
        return list(reversed(self.log.get(home, {}).values()))

    @property
    def totals(self) -> Totals:
        """All increments so far, summed, as the tests' recomputation names them."""
        return Totals(
            moments={key: tuple(sums) for key, sums in self._moments.items() if any(sums)},
            cohorts={key: tuple(sums) for key, sums in self._cohorts.items() if any(sums)},
            strays={key: count for key, count in self._strays.items() if count},
        )

    @property
    def entries(self) -> dict[tuple[str, int], Entry]:
        """What the states hold of the active definitions, by home and definition."""
        return {
            (home, definition): entry
            for home, packed in self.states.items()
            for definition, entry in unpack(packed).entries.items()
            if definition in self.index.by_id
        }

    @property
    def homes_of_definitions(self) -> set[tuple[str, int]]:
        """Every home that is known to have held a unit of an active definition."""
        return {(home, key) for home, key in self._homes if key in self.index.by_id}

    def _move(self, moves: Mapping[str, str]) -> set[str]:
        touched: set[str] = set()
        for contact, home in moves.items():
            left = self.homes.get(contact, f"contact:{contact}")
            self.homes[contact] = home
            touched |= self._move_lone_events(contact, left, home)
        return touched

    def _move_lone_events(self, contact: str, left: str, home: str) -> set[str]:
        stored = self.log.get(left, {})
        lone = [k for k, e in stored.items() if e.account is None and e.contact == contact]
        if not lone or left == home:
            return set()
        self.log.setdefault(home, {}).update({key: stored.pop(key) for key in lone})
        return {left, home}

    def _store(self, events: Iterable[Event]) -> dict[str, list[Event]]:
        new: dict[str, list[Event]] = {}
        for event in events:
            key = (event.source, event.id)
            if any(key in stored for stored in self.log.values()):
                continue
            home = event.account or self.homes.get(event.contact or "") or home_of(event)
            self.log.setdefault(home, {})[key] = event
            new.setdefault(home, []).append(event)
        return new

    def _batch(self, home: str, events: Sequence[Event], moved: set[str]) -> HomeBatch:
        packed = self.states.get(home)
        # Where the fold needs none it gets none; the first batch of a home is its own history.
        wanted = home in moved or (
            packed is not None and needs_history(self.index, home, packed, events)
        )
        self.histories_read += wanted
        history = self.history(home) if wanted else None
        return HomeBatch(packed, events, history, reevaluate_all=home in moved)

    def _book(self, increments: Increments) -> None:
        for cell, change in increments.cells.items():
            m = change.moments
            sums = (m.n, m.sum_y, m.sum_yy, m.sum_x, m.sum_xx, m.sum_xy, m.sum_d, m.sum_dd)
            more = (*sums, m.sum_yd, change.incomplete, *change.uncapped)
            _add(self._moments, tuple(cell), more)
        for cohort, counts in increments.cohorts.items():
            _add(self._cohorts, tuple(cohort), (counts.units, counts.mixed, counts.exposures))
        for (definition, stray), count in increments.strays.items():
            self._strays[definition, _REASONS[stray]] += count
        self._homes |= {(home, definition) for definition, home in increments.homes}


def _add(ledger: _Ledger, key: Any, more: Sequence[int]) -> None:
    so_far = ledger.setdefault(key, [0] * len(more))
    for position, term in enumerate(more):
        so_far[position] += term
