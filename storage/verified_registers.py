"""Holds what is kept beside the events (links, contacts, counters) against the events."""

from contextlib import aclosing
from typing import Any

from attribution.differences import (
    Check,
    ContactPlace,
    DefinitionPlace,
    Difference,
    Differences,
    PartitionPlace,
)
from schemas.catalog import EVENTS
from storage.pool import Connection
from storage.streamed_rows import streamed
from storage.verified_snapshot import PartitionAtRest, Snapshot


async def verify_registers(
    connection: Connection, snapshot: Snapshot, differences: Differences
) -> None:
    """Look at links, contacts, delivery counters and what retired definitions left."""
    await _verify_links(connection, snapshot, differences)
    if snapshot.forgotten_us is None:
        # Whom deleted events named is not known any more; here none was deleted.
        await _verify_contacts(connection, differences)
    await _verify_retired(connection, differences)
    differences.add(_accepted(snapshot))
    for partition in snapshot.partitions:
        differences.add(_refused(partition, has_erasures=snapshot.has_erasures))


async def _verify_links(
    connection: Connection, snapshot: Snapshot, differences: Differences
) -> None:
    asked = {"forgotten_us": snapshot.forgotten_us}
    async with aclosing(streamed(connection, "links_that_differ", asked)) as rows:
        async for row in rows:
            place = ContactPlace(row[0], row[1])
            differences.add(
                [Difference(Check.LINKS, place, "link", _link(row[2:6]), _link(row[6:]))]
            )


def _link(values: tuple[Any, ...]) -> str | None:
    is_there, linked_us, source, event_id = values
    if not is_there:
        return None
    return (
        "named together" if linked_us is None else f"linked at {linked_us} by {source} {event_id}"
    )


async def _verify_contacts(connection: Connection, differences: Differences) -> None:
    async with aclosing(streamed(connection, "contacts_not_named", {})) as rows:
        async for contact, home in rows:
            place = ContactPlace(contact)
            differences.add([Difference(Check.CONTACTS, place, "home", home, None)])


async def _verify_retired(connection: Connection, differences: Differences) -> None:
    async with aclosing(streamed(connection, "retired_totals", {})) as rows:
        async for definition, experiment, table, count in rows:
            place = DefinitionPlace(definition, experiment)
            differences.add([Difference(Check.RETIRED, place, f"rows of {table}", str(count), "0")])


def _accepted(snapshot: Snapshot) -> list[Difference]:
    """Every accepted event is stored, erased or deleted by rule: nothing else takes one away."""
    counted = sum(p.accepted for p in snapshot.partitions if p.topic == EVENTS.name)
    present = snapshot.events + snapshot.erased_events + snapshot.deleted_events
    if counted == present:
        return []
    place = PartitionPlace(EVENTS.name)
    return [Difference(Check.DELIVERIES, place, "accepted", str(counted), str(present))]


def _refused(partition: PartitionAtRest, *, has_erasures: bool) -> list[Difference]:
    """Every refused record is kept; an erasure takes those away that name the contact."""
    kept, counted = partition.letters, partition.refused
    if kept == counted or (has_erasures and kept < counted):
        return []
    place = PartitionPlace(partition.topic, partition.partition)
    return [Difference(Check.DELIVERIES, place, "refused", str(counted), str(kept))]
