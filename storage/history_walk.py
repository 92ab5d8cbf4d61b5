"""Walks through the stored history of an experiment's homes, in chunks: memory stays bounded.

To explain a figure by what became of each event, or to know what it was on an earlier day.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from attribution.definitions import microseconds
from attribution.evaluate import evaluate
from attribution.fates import Fates, note_fates
from attribution.increments import Increments
from attribution.units import Entry, Stray
from schemas.events import Event
from storage.definition_homes import HOMES_AT_ONCE, has_more_homes
from storage.definitions import DefinitionBody
from storage.event_rows import event_of_row
from storage.opened import open_experiment
from storage.pool import Connection
from storage.readings import ExperimentTotals
from storage.statements import statement


class TooManyHomesError(Exception):
    """The experiment is too large to be walked through for one answer."""


class OtherExposureError(Exception):
    """The experiment was exposed by another rule then: which accounts it had is not known now."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Events of one type that arrived on one day; `late` ones had happened before the moment."""

    day: date
    type: str
    events: int
    late: int


async def fates_of(
    connection: Connection, definition_id: int, body: DefinitionBody, number: int, *, most: int
) -> Fates:
    """Return what became of all stored events of the metric's types, at exposed homes and others.

    Raises TooManyHomesError.
    """
    await _refuse_more(connection, definition_id, most)
    definition = body.compile(definition_id)
    fates = Fates()
    async for home, history in _histories(connection, definition_id, known_us=None):
        note_fates(fates, definition, number, evaluate(definition, home, history), history)
    key = definition.metrics[number].key
    types = body.metrics[key].measure.filter.types
    elsewhere = await _stored(connection, types) - fates.total
    if elsewhere > 0:
        fates.add_elsewhere(elsewhere)
    return fates


async def totals_as_known(
    connection: Connection, key: str, at: datetime, *, most: int
) -> ExperimentTotals | None:
    """Return an experiment's totals from what the log had taken at `at`; None before its start.

    Raises TooManyHomesError and OtherExposureError.
    """
    await open_experiment(connection, key)
    asked = {"key": key, "at": at}
    row = await (await connection.execute(statement("definition_known_on"), asked)).fetchone()
    if row is None or row[0] is None:
        return None
    body, now = DefinitionBody.from_json(row[0]), DefinitionBody.from_json(row[3])
    _refuse_other_exposure(body, now)
    await _refuse_more(connection, row[2], most)
    definition, increments = body.compile(row[2]), Increments()
    async for home, history in _histories(connection, row[2], known_us=microseconds(at)):
        entry: Entry | None = evaluate(definition, home, history)
        if entry is not None:
            increments.put_entry(definition, entry)
    return ExperimentTotals(
        definition_id=row[2],
        epoch=row[1],
        body=body,
        is_built=True,
        is_rebuilding=False,
        homes_built=0,
        homes=0,
        cells=increments.cells,
        cohorts=increments.cohorts,
        strays={Stray(stray): count for (_, stray), count in increments.strays.items()},
        deliveries=(),
    )


async def arrivals_since(
    connection: Connection, definition_id: int, since: datetime, until: datetime
) -> list[Arrivals]:
    """Return what arrived after `since` at the experiment's homes, by day and type."""
    cursor = await connection.execute(
        statement("events_received_between"),
        {
            "id": definition_id,
            "since_us": microseconds(since),
            "until_us": microseconds(until),
        },
    )
    return [Arrivals(*row) for row in await cursor.fetchall()]


async def _histories(
    connection: Connection, definition_id: int, *, known_us: int | None
) -> AsyncIterator[tuple[str, list[Event]]]:
    after = ""
    while True:
        asked = {"id": definition_id, "after": after, "limit": HOMES_AT_ONCE}
        cursor = await connection.execute(statement("next_homes_of_definition"), asked)
        homes = [row[0] for row in await cursor.fetchall()]
        found: dict[str, list[Event]] = {home: [] for home in homes}
        for row in await _events(connection, homes, known_us):
            found[row[0]].append(event_of_row(row))
        for home, history in found.items():
            yield home, history
        if len(homes) < HOMES_AT_ONCE:
            return
        after = homes[-1]


async def _events(
    connection: Connection, homes: list[str], known_us: int | None
) -> list[tuple[Any, ...]]:
    if known_us is None:
        cursor = await connection.execute(statement("events_of_homes"), {"homes": homes})
    else:
        asked = {"homes": homes, "known_us": known_us}
        cursor = await connection.execute(statement("events_known_of_homes"), asked)
    return await cursor.fetchall()


async def _stored(connection: Connection, types: Sequence[str]) -> int:
    prefixes = [f"{_escaped(name[:-1])}%" for name in types if name.endswith(".*")]
    asked = {"types": list(types), "prefixes": prefixes}
    row = await (await connection.execute(statement("count_events_of_types"), asked)).fetchone()
    assert row is not None
    return int(row[0])


def _escaped(prefix: str) -> str:
    return prefix.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")


async def _refuse_more(connection: Connection, definition_id: int, most: int) -> None:
    if await has_more_homes(connection, definition_id, than=most):
        raise TooManyHomesError(f"more than {most:,} accounts: too many to walk through at once")


def _refuse_other_exposure(then: DefinitionBody, now: DefinitionBody) -> None:
    if (then.experiment.exposure, then.experiment.unit) != (
        now.experiment.exposure,
        now.experiment.unit,
    ):
        raise OtherExposureError("the experiment was exposed by another rule then")
