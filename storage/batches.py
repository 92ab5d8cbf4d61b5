"""Applies one batch of the log: everything it changes, in the caller's transaction.

The transaction holds the fence, the new events, the changed states, the increments, the dead
letters and the next offset. A second run changes nothing: the fence no longer stands.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from attribution.definitions import Definition
from attribution.fold import Folded, HomeBatch, fold, needs_history
from attribution.history_need import history_need
from attribution.identity import links_in, lone_contacts
from attribution.index import DefinitionIndex
from observability.stages import stage
from schemas.events import Event
from storage.contacts import claim_homes, homes_of, move_contacts
from storage.dead_letters import Refused, insert_dead_letters
from storage.definitions import ActiveDefinitions, load_active
from storage.erased_contacts import erased_among
from storage.event_names import name_of, names_taken
from storage.event_rows import StoredEvent
from storage.events import (
    events_of_homes,
    insert_events,
    move_events,
    needed_events_of_homes,
)
from storage.gate import enter_gate, registry_revision
from storage.moments import add_increments
from storage.notices import notify_readings
from storage.offsets import advance_offset, count_delivery
from storage.pool import Connection
from storage.states import Owner, StatesOfAnotherError, states_of_homes, upsert_states


class AloneInGateRequired(Exception):  # noqa: N818 - a request to run again, not a fault
    """The batch moves a contact or writes to another partition's home: run it alone in the gate."""


class LogEvent(msgspec.Struct, frozen=True, gc=False):
    """A decoded event with the key and the time that the log gave its record."""

    event: Event
    key: bytes | None
    received_us: int


@dataclass(frozen=True, slots=True)
class DecodedBatch:
    """One partition's records from `first_offset` up to `next_offset`, decoded."""

    topic_id: UUID
    topic: str
    partition: int
    first_offset: int
    next_offset: int
    events: Sequence[LogEvent]
    refused: Sequence[Refused]


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch came to, for counters and for whoever watches."""

    definitions: ActiveDefinitions
    accepted: int
    duplicates: int
    refused: int
    experiments: frozenset[str]


async def apply_batch(
    connection: Connection, batch: DecodedBatch, known: ActiveDefinitions, *, alone: bool
) -> Applied:
    """Apply a batch. Raises FencedError, or AloneInGateRequired while `alone` is false."""
    try:
        return await _apply(connection, batch, known, alone=alone)
    except StatesOfAnotherError:
        raise AloneInGateRequired from None


async def _apply(
    connection: Connection, batch: DecodedBatch, known: ActiveDefinitions, *, alone: bool
) -> Applied:
    await enter_gate(connection, alone=alone)
    number = await fence(connection, batch)
    definitions = await _current(connection, known)
    distinct, erased = await _without_erased(connection, definitions, _distinct(batch.events))
    by_home, moved = await _store(connection, distinct, alone=alone)
    homes = by_home.keys() | moved
    owner = Owner(number, _keyed(distinct, homes) if alone else None)
    states = await states_of_homes(connection, homes, owner, for_update=definitions.is_building)
    with stage("fold"):
        folded = await _fold(connection, definitions, by_home, moved, states)
    await upsert_states(connection, folded.states, owner)
    await add_increments(connection, folded.increments, shard=batch.partition)
    accepted = sum(len(events) for events in by_home.values())
    applied = Applied(
        definitions=definitions,
        accepted=accepted,
        duplicates=len(batch.events) - accepted - erased,
        refused=len(batch.refused),
        experiments=frozenset(definitions.experiments_of(folded.increments.definitions)),
    )
    await _close(connection, batch, applied)
    return applied


async def fence(connection: Connection, batch: DecodedBatch) -> int:
    """Move the partition past the batch and return its number.

    Raises FencedError: it is not this worker's any more, or was not opened where its log begins.
    """
    return await advance_offset(
        connection,
        batch.topic_id,
        batch.topic,
        batch.partition,
        expected=batch.first_offset,
        next_offset=batch.next_offset,
    )


async def record_delivery(
    connection: Connection, batch: DecodedBatch, *, accepted: int, duplicates: int
) -> None:
    """Keep the refused records of a batch, and count what became of all of them."""
    await insert_dead_letters(
        connection, batch.topic_id, batch.topic, batch.partition, batch.refused
    )
    counts = {"accepted": accepted, "duplicates": duplicates, "refused": len(batch.refused)}
    await count_delivery(connection, batch.topic_id, batch.partition, counts)


async def _current(connection: Connection, known: ActiveDefinitions) -> ActiveDefinitions:
    if await registry_revision(connection) == known.revision:
        return known
    return await load_active(connection, known)


def _keyed(events: Sequence[LogEvent], homes: Collection[str]) -> set[str]:
    """Return those of the homes whose events are in this partition by their key.

    The others are met by events of contacts alone, sent before anybody knew their account: were
    their homes taken over for it, their own partition would have to take them back.
    """
    keys = {sent.key for sent in events}
    return {home for home in homes if home.encode() in keys}


def _distinct(events: Sequence[LogEvent]) -> list[LogEvent]:
    first: dict[tuple[str, str], LogEvent] = {}
    for sent in events:
        first.setdefault((sent.event.source, sent.event.id), sent)
    return list(first.values())


async def _without_erased(
    connection: Connection, definitions: ActiveDefinitions, events: list[LogEvent]
) -> tuple[list[LogEvent], int]:
    """Leave out events of contacts that were erased; return the rest, and how many they were."""
    if not definitions.has_erasures:
        return events, 0
    contacts = {sent.event.contact for sent in events if sent.event.contact is not None}
    erased = await erased_among(connection, contacts)
    kept = [sent for sent in events if sent.event.contact not in erased]
    return kept, len(events) - len(kept)


async def _store(
    connection: Connection, sent: Sequence[LogEvent], *, alone: bool
) -> tuple[dict[str, list[Event]], set[str]]:
    """Store what is new; return it by home, and the homes whose history changed by moves.

    Only what is new says which account a contact belongs to: an event that is sent again under
    another account is a duplicate, and no link.
    """
    named = [log_event for log_event in sent if log_event.event.account is not None]
    new = await _insert(connection, named, {}, alone=alone)
    lone = await _not_stored(connection, [s for s in sent if s.event.account is None])
    fresh = [log_event.event for log_event in lone]
    moved = await _settle_contacts(connection, [*(s.event for s in new), *fresh], alone=alone)
    homes = await homes_of(connection, lone_contacts(fresh))
    stored = await _insert(connection, lone, homes, alone=alone)
    if len(stored) < len(lone) and not alone:
        # Another batch stored one of them after it was looked for: look again with no batch beside.
        raise AloneInGateRequired
    by_home: dict[str, list[Event]] = {}
    for event, home, _ in [*new, *stored]:
        by_home.setdefault(home, []).append(event)
    return by_home, moved


async def _not_stored(connection: Connection, sent: Sequence[LogEvent]) -> list[LogEvent]:
    names = [name_of(s.event) for s in sent]
    taken = await names_taken(connection, names)
    return [s for s, name in zip(sent, names, strict=True) if name not in taken]


async def _settle_contacts(
    connection: Connection, events: Sequence[Event], *, alone: bool
) -> set[str]:
    """Give every contact its home; return the homes whose history changed by moves."""
    moves = await claim_homes(connection, lone_contacts(events), links_in(events))
    if not moves:
        return set()
    if not alone:
        raise AloneInGateRequired
    left = await homes_of(connection, moves)
    await move_contacts(connection, moves)
    contacts = await move_events(connection, moves)
    return {home for contact in contacts for home in (left[contact], moves[contact])}


async def _insert(
    connection: Connection, sent: Sequence[LogEvent], homes: Mapping[str, str], *, alone: bool
) -> Sequence[StoredEvent]:
    """Store these events at their homes and return those that are new."""
    stored = [StoredEvent(s.event, _home(s.event, homes), s.received_us) for s in sent]
    if not alone and any(
        log_event.key != event.home.encode() for log_event, event in zip(sent, stored, strict=True)
    ):
        # The partition of another key owns that home's state; only alone may this one write it.
        raise AloneInGateRequired
    return await insert_events(connection, stored)


def _home(event: Event, homes: Mapping[str, str]) -> str:
    if event.account is not None:
        return event.account
    assert event.contact is not None, "the codec refuses an event with neither"
    return homes[event.contact]


async def _fold(
    connection: Connection,
    definitions: ActiveDefinitions,
    by_home: Mapping[str, Sequence[Event]],
    moved: Collection[str],
    states: Mapping[str, bytes],
) -> Folded:
    wanting = _homes_wanting_history(definitions.index, by_home, states) - set(moved)
    histories = await events_of_homes(connection, moved)
    if wanting:
        exposed = _exposable(definitions.index, [e for home in wanting for e in by_home[home]])
        need = history_need(exposed)
        histories |= await needed_events_of_homes(connection, wanting, need)
    return fold(
        definitions.index,
        {
            home: HomeBatch(
                packed=states.get(home),
                events=by_home.get(home, ()),
                history=histories.get(home),
                reevaluate_all=home in moved,
            )
            for home in by_home.keys() | set(moved)
        },
    )


def _homes_wanting_history(
    index: DefinitionIndex, by_home: Mapping[str, Sequence[Event]], states: Mapping[str, bytes]
) -> set[str]:
    # A home without a state has no history but this batch, which fold already holds.
    return {
        home
        for home, events in by_home.items()
        if home in states and needs_history(index, home, states[home], events)
    }


def _exposable(index: DefinitionIndex, events: Iterable[Event]) -> list[Definition]:
    return list({d.id: d for event in events for d in index.exposable(event)}.values())


async def _close(connection: Connection, batch: DecodedBatch, applied: Applied) -> None:
    await record_delivery(
        connection, batch, accepted=applied.accepted, duplicates=applied.duplicates
    )
    await notify_readings(connection, applied.experiments)
