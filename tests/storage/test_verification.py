"""Whatever arrived in whatever order, a verification is clean; and it names what was changed."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from attribution.differences import (
    CellPlace,
    Difference,
    Differences,
)
from schemas.events import Event
from schemas.resources import MetricDraft
from storage.builds import build_step
from storage.erasure import erase_contact
from storage.pool import Connection
from storage.retention import drop_rule
from storage.verification import UnknownExperimentError, Verification, verify
from storage.verified_homes import verify_homes
from storage.verified_registers import verify_registers
from storage.verified_snapshot import take_snapshot
from tests.attribution.histories import deliveries
from tests.storage.stream import NOW, Log, build_all, register
from tests.storage.test_any_order import METRICS, QUESTIONS, any_arrival, histories
from tests.storage.test_batches import (
    BY_CONTACT,
    HOUR,
    LEADS,
    T0,
    TEST,
    exposure,
    lead,
    link,
    on,
)
from tests.storage.test_retention import run as delete_older

EMPTY = "".join(
    f"DELETE FROM {table};"
    for table in (
        *("events", "event_names", "contacts", "contact_links"),
        *("account_states", "partition_offsets"),
        *("moments", "cohorts", "stray_exposures", "definition_homes", "definitions"),
        *("experiments", "metrics"),
    )
)
DRAFTS = [
    MetricDraft.model_validate({name: getattr(metric, name) for name in MetricDraft.model_fields})
    for metric in METRICS.values()
]


async def verified(connection: Connection, experiment: str | None = None) -> Verification:
    async with connection.transaction():
        return await verify(
            connection, topic=None, experiment=experiment, progress=lambda done, total: None
        )


@settings(any_arrival, max_examples=max(10, settings().max_examples // 3))
@given(st.data())
def test_after_any_arrival_nothing_differs_whether_built_or_half_built(
    database: str, data: st.DataObject
) -> None:
    batches = data.draw(deliveries(data.draw(histories())))
    registered_before = [data.draw(st.integers(0, len(batches))) for _ in QUESTIONS]

    async def body(connection: Connection) -> None:
        half_built = await _delivered(connection, registered_before, batches)
        await build_all(connection)
        complete = await verified(connection)

        assert half_built.differences == []
        assert complete.differences == []
        assert complete.is_clean
        assert complete.unverified == []

    on(database, body)


async def _delivered(
    connection: Connection, registered_before: Sequence[int], batches: Sequence[Sequence[Event]]
) -> Verification:
    log = Log()
    await connection.execute(EMPTY)
    for number, batch in enumerate([*batches, []]):
        for question, before in zip(QUESTIONS, registered_before, strict=True):
            if before == number:
                await register(connection, DRAFTS, question.experiment)
                async with connection.transaction():
                    await build_step(connection, limit=1)
        await log.deliver(connection, batch)
    return await verified(connection)


HISTORY = [
    exposure(1, "a", account="acme"),
    exposure(2, "a", hours=1, account="acme"),
    lead(1, hours=2, account="acme"),
    lead(2, hours=3, contact="ann"),
    exposure(3, "b", account="bolt"),
    exposure(4, "a", hours=1, account="bolt"),
    exposure(5, "b", account="cafe"),
    lead(3, hours=2, account="cafe"),
    exposure(6, "b", experiment="by-contact", account="acme", contact="ann"),
    exposure(7, "z", account="cafe"),
    link(1, "ann", "acme"),
]
"""Acme in a with two leads, one of them moved to it by a link; bolt mixed; cafe in b with one."""


async def counted(connection: Connection) -> Log:
    """Deliver the history in parts, with one definition before it and one after it."""
    log = Log()
    await register(connection, [LEADS], TEST)
    await build_all(connection)
    for part in (HISTORY[:4], HISTORY[4:9], HISTORY[9:]):
        await log.deliver(connection, part)
    await register(connection, [LEADS], BY_CONTACT)
    await build_all(connection)
    return log


async def found(connection: Connection) -> list[tuple[str, str, str, str | None, str | None]]:
    """What differs, with the numbers of definitions left out."""
    return [
        (one.check.value, re.sub(r" \(definition \d+\)", "", str(one.place)), *values_of(one))
        for one in (await verified(connection)).differences
    ]


def values_of(one: Difference) -> tuple[str, str | None, str | None]:
    return one.field, one.stored, one.recomputed


def stamp(event_id: str) -> str:
    return repr((T0, "crm", event_id))


CELL_OF_A = "subject-line: accepted-leads, a, exposed 2026-01-02"
CELL_OF_B = "subject-line: accepted-leads, b, exposed 2026-01-02"
OF_TEST = "definition_id = (SELECT min(id) FROM definitions)"
CORRUPTIONS = {
    "a moment that is one too high": (
        f"UPDATE moments SET sum_y = sum_y + 1 WHERE {OF_TEST} AND variant = 0",
        [("moments", CELL_OF_A, "sum_y", "3", "2")],
    ),
    "moments that are missing": (
        f"DELETE FROM moments WHERE {OF_TEST} AND variant = 1",
        [
            ("moments", CELL_OF_B, "n", "0", "1"),
            ("moments", CELL_OF_B, "sum_y", "0", "1"),
            ("moments", CELL_OF_B, "sum_yy", "0", "1"),
        ],
    ),
    "a batch that was counted twice": (
        f"UPDATE cohorts SET units = 2, exposures = 2 * exposures WHERE {OF_TEST} AND variant = 0",
        [
            ("cohorts", "subject-line: a, exposed 2026-01-02", "units", "2", "1"),
            ("cohorts", "subject-line: a, exposed 2026-01-02", "exposures", "4", "2"),
        ],
    ),
    "a stray exposure that was not counted": (
        f"DELETE FROM stray_exposures WHERE {OF_TEST}",
        [("strays", "subject-line", "unknown_variant", "0", "1")],
    ),
    "a state that is gone": (
        "DELETE FROM account_states WHERE home = 'acme'",
        [("states", "home acme", "state", None, "units of 2 definitions")],
    ),
    "a state that is no state": (
        "UPDATE account_states SET state = '\\xc1' WHERE home = 'bolt'",
        [("states", "home bolt", "state", "unreadable", "units of 1 definitions")],
    ),
    "a state of another account": (
        (
            "UPDATE account_states SET state = (SELECT state FROM account_states "
            "WHERE home = 'bolt') WHERE home = 'cafe'"
        ),
        [
            ("states", "subject-line: home cafe", "strays.unknown_variant", "0", "1"),
            (
                "states",
                "subject-line: home cafe",
                "first",
                f"({T0}, 'crm', 'x3')",
                f"({T0}, 'crm', 'x5')",
            ),
            ("states", "subject-line: home cafe", "seen", "3", "2"),
            ("states", "subject-line: home cafe", "exposures", "2", "1"),
            ("states", "subject-line: home cafe", "accepted-leads.y", "0", "1"),
        ],
    ),
    "a home that a definition does not know of": (
        f"DELETE FROM definition_homes WHERE {OF_TEST} AND home = 'bolt'",
        [("definition_homes", "subject-line: home bolt", "home", None, "bolt")],
    ),
    "an event that is gone": (
        "DELETE FROM events WHERE id = 'l3'",
        [
            ("states", "subject-line: home cafe", "accepted-leads.y", "1", "0"),
            ("moments", CELL_OF_B, "sum_y", "1", "0"),
            ("moments", CELL_OF_B, "sum_yy", "1", "0"),
            ("deliveries", "events", "accepted", "11", "10"),
        ],
    ),
    "an event that came past the stream": (
        (
            "INSERT INTO events (source, id, type, time_us, home, account, data, received_us) "
            f"VALUES ('crm', 'l9', 'lead.accepted', {T0 + HOUR}, 'cafe', 'cafe', '{{}}', 1)"
        ),
        [
            ("states", "subject-line: home cafe", "accepted-leads.y", "1", "2"),
            ("moments", CELL_OF_B, "sum_y", "1", "2"),
            ("moments", CELL_OF_B, "sum_yy", "1", "4"),
            ("deliveries", "events", "accepted", "11", "12"),
        ],
    ),
    "an event that was left behind by a link": (
        "UPDATE events SET home = 'contact:ann' WHERE id = 'l2'",
        [("homes", "event crm l2", "home", "contact:ann", "acme")],
    ),
    "a contact at another home": (
        "UPDATE contacts SET home = 'bolt'",
        [("contacts", "contact ann", "home", "bolt", "acme")],
    ),
    "a contact that nobody named": (
        "INSERT INTO contacts VALUES ('zoe', 'acme')",
        [
            ("links", "contact zoe at acme", "link", "named together", None),
            ("contacts", "contact zoe", "home", "acme", None),
        ],
    ),
    "a link that nobody told": (
        "INSERT INTO contact_links VALUES ('ann', 'bolt')",
        [("links", "contact ann at bolt", "link", "named together", None)],
    ),
    "a link that was not noted": (
        "DELETE FROM contact_links",
        [
            (
                *("links", "contact ann at acme", "link"),
                # As far as is noted, the contact's home is all that speaks for it.
                *("named together", f"linked at {T0} by crm k1"),
            )
        ],
    ),
    "totals of a retired definition": (
        "UPDATE definitions SET status = 'retired' WHERE id = (SELECT max(id) FROM definitions)",
        [
            ("retired", "by-contact", "rows of cohorts", "1", "0"),
            ("retired", "by-contact", "rows of moments", "1", "0"),
        ],
    ),
    "a refused record that was not kept": (
        "UPDATE partition_offsets SET refused = refused + 1 WHERE partition = 0",
        [("deliveries", "events[0]", "refused", "1", "0")],
    ),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_what_was_changed_is_named_and_nothing_else(database: str, name: str) -> None:
    statement, expected = CORRUPTIONS[name]

    async def body(connection: Connection) -> None:
        await counted(connection)

        await connection.execute(statement)

        assert await found(connection) == expected

    on(database, body)


def test_a_definition_that_was_called_built_too_early_is_named(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = await counted(connection)
        events = [exposure(n, "a", experiment="early", account=f"dora{n}") for n in (21, 22)]
        await log.deliver(connection, events)
        await register(connection, [LEADS], TEST.model_copy(update={"key": "early"}))
        async with connection.transaction():
            await build_step(connection, limit=8)  # of acme 3, bolt 2, cafe 2, dora21
        assert await found(connection) == []

        await connection.execute("UPDATE definitions SET status = 'current'")

        day = "exposed 2026-01-02"
        assert await found(connection) == [
            ("states", "early: home dora22", "unit", None, "present"),
            ("definition_homes", "early: home dora22", "home", None, "dora22"),
            ("moments", f"early: accepted-leads, a, {day}", "n", "1", "2"),
            ("cohorts", f"early: a, {day}", "units", "1", "2"),
            ("cohorts", f"early: a, {day}", "exposures", "1", "2"),
        ]

    on(database, body)


def test_what_was_erased_differs_in_nothing_and_is_told(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = await counted(connection)
        async with connection.transaction():
            await erase_contact(connection, "ann", by="steward-1", at=NOW)
        await log.deliver(connection, HISTORY)

        after = await verified(connection)

        assert after.differences == []
        assert [sentence for sentence in after.unverified if "3 events were erased" in sentence]

    on(database, body)


def test_what_a_rule_deleted_differs_in_nothing_and_is_told(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = await counted(connection)
        early = [exposure(31, "a", hours=-100, account="acme"), link(2, "bob", "acme", hours=-90)]
        await log.deliver(connection, [*early, lead(31, contact="bob")])
        assert await found(connection) == []
        assert await delete_older(connection, "experiment.*", 1) == 1
        async with connection.transaction():
            await drop_rule(connection, "experiment.*")
        assert await delete_older(connection, "identity.*", 1) == 1

        after = await verified(connection)

        assert after.differences == []
        assert [
            sentence
            for sentence in after.unverified
            if sentence.startswith("subject-line (definition")
            and "1 of 1 exposure events outside its period are no longer stored" in sentence
        ]

    on(database, body)


def test_one_experiment_is_verified_alone(database: str) -> None:
    async def body(connection: Connection) -> None:
        await counted(connection)
        await connection.execute("UPDATE moments SET n = n + 1")

        alone = await verified(connection, "by-contact")

        assert [(one.place.experiment, one.field) for one in cells_of(alone)] == [
            ("by-contact", "n")
        ]
        assert [one.experiment for one in alone.definitions] == ["by-contact"]

    on(database, body)


def cells_of(found: Verification) -> list[Difference]:
    return [one for one in found.differences if isinstance(one.place, CellPlace)]


def test_an_experiment_that_counts_nothing_is_refused(database: str) -> None:
    async def body(connection: Connection) -> None:
        with pytest.raises(UnknownExperimentError, match="nothing-here"):
            await verified(connection, "nothing-here")

    on(database, body)


def test_what_the_stream_commits_meanwhile_waits_for_nothing_and_is_not_seen(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = await counted(connection)
        async with await AsyncConnection.connect(database) as beside:
            snapshot = await take_snapshot(beside)
            await log.deliver(connection, [lead(41, account="cafe"), link(3, "ann", "bolt")])
            differences = Differences()

            await verify_homes(beside, snapshot, differences, lambda _: None)
            await verify_registers(beside, snapshot, differences)

        assert snapshot.events == len(HISTORY)
        assert differences.kept == []
        assert await found(connection) == []

    on(database, body)
