"""What the stream and requests ask of large tables is found by index; with a time, by month alone.

The tables hold enough rows, and true statistics of them, for the planner to choose as it would with
many more: nothing is forbidden to it.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import ClientCursor

from storage.statements import statement
from tests.databases import Databases, drop

ROWS = 20_000
DAY_US = 86_400_000_000
JANUARY_US = 1_767_225_600_000_000
FEBRUARY_US = JANUARY_US + 31 * DAY_US
MARCH_US = FEBRUARY_US + 28 * DAY_US

LARGE = (
    "account_states|cohorts|contact_links|contacts|dead_letters|definition_homes|event_names|"
    "moments|events"
)
TOPIC = UUID("6f1f4b0e-6a3c-4d9e-9c57-1d2f3a4b5c6d")

ALL_OF_IT = {
    "contacts_not_named": "verify asks every contact",
    "counts_to_verify": "verify counts every event",
    "events_anywhere": "verify looks everywhere for the few events that are not at their home",
    "histories_to_verify": "verify sorts every event by home, once",
    "links_that_differ": "verify adds up every link",
    "offsets_to_verify": "verify counts every letter",
    "retired_totals": "verify looks for what is left of any retired definition",
    "states_to_verify": "verify reads every state, in order",
    "exposures_so_far": "ends at the first row; a row stands for a day and shard, not for a unit",
    "home_count": "how far a build is, asked once when it begins",
    "delete_dead_letters_naming": "an erasure looks into the text of every letter",
    "next_homes_to_build": "a build; its caller has it planned by home, which plan_by_home tells",
    "count_events_of_types": "where events of a metric went that no unit got; asked by a person, "
    "within limit_reading",
}
"""Statements that may read a large table as a whole, and why."""

OF_A_PERIOD = (
    "count_recent_events",
    "recent_events",
    "timely_counts_of_homes",
    "timely_events_of_homes",
)
OF_FEBRUARY = {
    f"events_{family}_2026_02" for family in ("experiment", "engagement", "lead", "deal")
}
"""Those of a period may read its months as a whole, and no other."""

FAMILIES_OF_BUILD = {"families": ["experiment"], "exact": ["experiment.exposure"], "prefixes": []}
HOMES = [f"account-{n}" for n in range(0, ROWS, ROWS // 20)]
CONTACTS = [f"contact-{n}" for n in range(0, ROWS, ROWS // 20)]
TEXTS = ["text"] * len(HOMES)
NUMBERS = [1] * len(HOMES)

VALUES: dict[str, Any] = {
    "homes": HOMES,
    "contacts": CONTACTS,
    "contact": CONTACTS[3],
    "accounts": HOMES,
    "sources": TEXTS,
    "ids": TEXTS,
    "explicit_us": NUMBERS,
    "times_us": [JANUARY_US + DAY_US] * len(HOMES),
    "lone": f"contact:{CONTACTS[3]}",
    "states": [b"state"] * len(HOMES),
    "number": 1,
    "takes_over": False,
    "numbers": NUMBERS,
    "names": [UUID(int=n) for n in range(20)],
    "known_us": MARCH_US,
    "since_us": FEBRUARY_US + 3 * DAY_US,
    "until_us": FEBRUARY_US + 4 * DAY_US,
    "from_us": FEBRUARY_US + 3 * DAY_US,
    "types": ["lead.accepted"],
    "prefixes": [],
    "exact": ["lead.accepted"],
    "families": ["lead"],
    "whole_exact": ["experiment.exposure"],
    "whole_prefixes": [],
    "fields": ["data"],
    "naming": '"load-1"',
    "one_in": 1,
    "id": 7,
    "definition_ids": [7] * len(HOMES),
    "after": HOMES[7],
    "up_to": HOMES[8],
    "most": 100,
    "limit": 100,
    "topic_id": TOPIC,
    "partition": 1,
    "offsets": [5, 6],
    "at": "2026-03-01T00:00:00Z",
    "first_from_us": FEBRUARY_US,
    "overlap_us": DAY_US,
    "experiment_id": 1,
}
"""What each parameter is asked with, where a statement has no value of its own."""

OWN_VALUES: dict[str, dict[str, Any]] = {
    "drop_cohorts": {"ids": [7]},
    "drop_definition_homes": {"ids": [7]},
    "drop_moments": {"ids": [7]},
    "dead_letters_after": {"after": 5_000},
    "next_homes_to_build": FAMILIES_OF_BUILD,
    "whole_events_of_homes": FAMILIES_OF_BUILD,
    "needed_events_of_homes": {"whole": ["experiment"], "timely": ["lead"]},
}

FILLED = f"""
SELECT open_event_leaf(kind, at) FROM unnest(ARRAY['experiment.exposure', 'engagement.email.sent',
    'lead.accepted', 'deal.won']) kind, unnest(ARRAY[{JANUARY_US}, {FEBRUARY_US}, {MARCH_US}]) at;
INSERT INTO events (source, id, type, time_us, home, account, contact, data, received_us)
SELECT 's', n::text, kind, at, 'account-' || n * 7919 % {ROWS},
       CASE WHEN n % 20 > 0 THEN 'account-' || n * 7919 % {ROWS} END,
       'contact-' || n * 104729 % {ROWS},
       '{{"message": "mailing"}}', at
FROM generate_series(1, {ROWS // 2}) n,
     unnest(ARRAY['experiment.exposure', 'engagement.email.sent', 'lead.accepted', 'deal.won'])
         AS kind, unnest(ARRAY[{JANUARY_US}, {FEBRUARY_US}, {MARCH_US}]) AS month,
     LATERAL (SELECT month + (n * 27 * {DAY_US} / {ROWS // 2})) of (at);
INSERT INTO account_states (home, state, partition_number)
SELECT 'account-' || n, '\\x00', 1 FROM generate_series(1, {ROWS}) n;
INSERT INTO contacts SELECT 'contact-' || n, 'account-' || n FROM generate_series(1, {ROWS}) n;
INSERT INTO contact_links (contact, account)
SELECT 'contact-' || n, 'account-' || n FROM generate_series(1, {ROWS}) n;
INSERT INTO event_names SELECT gen_random_uuid() FROM generate_series(1, {ROWS}) n;
INSERT INTO dead_letters (topic_id, topic, partition, "offset", field, rule, detail, raw,
                          received_us)
SELECT '{TOPIC}', 'events', 1, n, 'time', 'bad', '', '\\x00', {JANUARY_US}
FROM generate_series(1, {ROWS}) n;
INSERT INTO partition_offsets (topic_id, partition, topic, next_offset)
VALUES ('{TOPIC}', 1, 'events', 1);
SET session_replication_role = replica;
INSERT INTO definition_homes (definition_id, home)
SELECT n % 100, 'account-' || n FROM generate_series(1, {ROWS}) n;
INSERT INTO definitions (experiment_id, epoch, body, status, created_at)
SELECT n, 1, '{{}}', 'current', now() FROM generate_series(1, 100) n;
INSERT INTO moments (definition_id, metric, variant, exposure_day, shard, n, sum_y, sum_yy, sum_x,
                     sum_xx, sum_xy, sum_d, sum_dd, sum_yd, incomplete)
SELECT n % 100, 0, 0, n / 100, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0 FROM generate_series(1, {ROWS}) n;
INSERT INTO cohorts (definition_id, variant, exposure_day, shard, units, mixed_units, exposures)
SELECT n % 100, 0, n / 100, 1, 1, 1, 1 FROM generate_series(1, {ROWS}) n;
ANALYZE;
"""


@pytest.fixture(scope="module")
def filled(databases: Databases, postgres_server: str) -> Iterator[psycopg.Connection]:
    conninfo = databases.copied()
    with psycopg.connect(conninfo, autocommit=True, cursor_factory=ClientCursor) as connection:
        connection.execute(FILLED.encode())
        yield connection
    drop(postgres_server, conninfo)


def asked_of_large_tables() -> list[str]:
    return [
        path.stem
        for path in sorted(Path("storage/sql").glob("*.sql"))
        if re.search(rf"(FROM|JOIN|UPDATE) ({LARGE})\b", path.read_text(encoding="utf-8"))
    ]


def plan_of(connection: psycopg.Connection, name: str) -> list[dict[str, Any]]:
    """Return the nodes of the plan, each with all that it says."""
    explain = f"EXPLAIN (FORMAT JSON) {statement(name)}"
    row = connection.execute(explain.encode(), VALUES | OWN_VALUES.get(name, {})).fetchone()
    assert row is not None
    found = row[0] if isinstance(row[0], list) else json.loads(row[0])
    return list(nodes(found[0]["Plan"]))


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from nodes(child)


def read_whole(plan: list[dict[str, Any]]) -> list[str]:
    return [
        node["Relation Name"]
        for node in plan
        if node["Node Type"] == "Seq Scan" and re.match(rf"({LARGE})(_|$)", node["Relation Name"])
    ]


def leaves_read(plan: list[dict[str, Any]]) -> set[str]:
    return {
        node["Relation Name"]
        for node in plan
        if "Scan" in node["Node Type"]
        and re.search(r"^events_\w+_\d{4}_\d\d$", node.get("Relation Name", ""))
    }


@pytest.mark.parametrize("name", sorted(set(asked_of_large_tables()) - ALL_OF_IT.keys()))
def test_a_statement_reads_no_large_table_as_a_whole(filled: psycopg.Connection, name: str) -> None:
    plan = plan_of(filled, name)

    assert set(read_whole(plan)) <= (OF_FEBRUARY if name in OF_A_PERIOD else set())


@pytest.mark.parametrize("name", OF_A_PERIOD)
def test_a_statement_with_a_period_opens_its_months_alone(
    filled: psycopg.Connection, name: str
) -> None:
    assert leaves_read(plan_of(filled, name)) <= OF_FEBRUARY


def test_a_statement_that_is_excused_is_there() -> None:
    assert ALL_OF_IT.keys() <= set(asked_of_large_tables())


def test_an_index_that_is_missed_shows(filled: psycopg.Connection) -> None:
    with filled.transaction(force_rollback=True):
        filled.execute("DROP INDEX events_of_home")

        assert len(read_whole(plan_of(filled, "events_of_homes"))) == 12
