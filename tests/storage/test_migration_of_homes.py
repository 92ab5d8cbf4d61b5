"""A database with experiments under way reaches the schema that knows where their units are."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from schemas.resources import (
    EventFilter,
    ExperimentDraft,
    MatchingExposure,
    Measure,
    Metric,
    MetricKind,
    MetricUse,
    Side,
    Variant,
)
from storage import migrate
from storage.definitions import DefinitionBody

START = datetime(2026, 1, 1, tzinfo=UTC)
LEADS = Metric(
    key="leads",
    name="Leads",
    meaning="Leads.",
    owner=Side.SALES,
    kind=MetricKind.COUNT,
    measure=Measure(filter=EventFilter(types=("lead.created",))),
    window=timedelta(days=14),
    version=1,
    created_at=START,
)


def test_definitions_under_way_know_every_home_that_may_hold_a_unit_of_theirs(
    empty_database: str,
) -> None:
    backbone, *later = migrate.shipped()
    migrate.apply(empty_database, [backbone])
    with psycopg.connect(empty_database) as connection:
        ids = {
            "assigned": define(connection, "assigned"),
            "by contact": define(connection, "by-contact", unit="contact"),
            "exact": define(connection, "exact", exposure=matching("engagement.email.sent")),
            "prefix": define(connection, "prefix", exposure=matching("engagement.*", "lead.*")),
            "retired": define(connection, "gone", status="retired"),
            "building": define(connection, "building", status="building"),
        }
        for home, experiment in (
            ("acme", "assigned"),
            ("acme", "assigned"),
            ("bolt", "by-contact"),
            ("contact:c1", "by-contact"),
            ("contact:c2", "assigned"),
            ("mira", "gone"),
            ("mira", "building"),
            ("mira", "another"),
        ):
            log(connection, home, "experiment.exposure", {"experiment": experiment})
        log(connection, "mails", "engagement.email.sent")
        log(connection, "visits", "engagement.page.viewed")
        log(connection, "lead", "lead.created")
        log(connection, "leads", "leads.created")
        log(connection, "deal", "deal.won", {"experiment": "assigned"})

    applied = migrate.apply(empty_database, [backbone, later[0]])

    assert applied == ["0002_unit_outcomes.sql"]
    assert homes(empty_database) == {
        (ids["assigned"], "acme"),
        (ids["by contact"], "bolt"),
        (ids["by contact"], "contact:c1"),
        (ids["building"], "mira"),
        (ids["exact"], "mails"),
        (ids["prefix"], "mails"),
        (ids["prefix"], "visits"),
        (ids["prefix"], "lead"),
    }


def test_moments_from_before_caps_are_those_of_a_metric_without_one(empty_database: str) -> None:
    backbone, *later = migrate.shipped()
    migrate.apply(empty_database, [backbone])
    with psycopg.connect(empty_database) as connection:
        number = define(connection, "assigned")
        connection.execute(
            "INSERT INTO moments VALUES (%s, 0, 1, 20455, 3, 2, 5, 13, 0, 0, 0, 0, 0, 0, 1)",
            (number,),
        )

    migrate.apply(empty_database, [backbone, later[0]])

    with psycopg.connect(empty_database) as connection:
        found = connection.execute(
            "SELECT n, sum_y, sum_yy, incomplete, capped_units, sum_u, sum_uu FROM moments"
        ).fetchall()
    assert found == [(2, 5, 13, 1, 0, 0, 0)]


def matching(*types: str) -> MatchingExposure:
    return MatchingExposure(filter=EventFilter(types=types), variant_from="content")


def define(
    connection: psycopg.Connection, key: str, *, status: str = "current", **fields: Any
) -> int:
    """Store a started experiment and its definition, as the release before did."""
    experiment = ExperimentDraft(
        key=key,
        name=key,
        hypothesis="It helps.",
        owner=Side.MARKETING,
        variants=(Variant(key="a", control=True), Variant(key="b")),
        metrics=(MetricUse(metric="leads", version=1),),
        starts_at=START,
        planned_units=100,
        **fields,
    )
    body = DefinitionBody(experiment, {"leads": LEADS}, "EUR", ()).to_json()
    started = connection.execute(
        "INSERT INTO experiments (key, body, status, epoch, created_at, started_at) "
        "VALUES (%s, %s, 'running', 1, now(), now()) RETURNING id",
        (key, Jsonb(experiment.model_dump(mode="json"))),
    ).fetchone()
    assert started is not None
    defined = connection.execute(
        "INSERT INTO definitions (experiment_id, epoch, body, status, created_at) "
        "VALUES (%s, 1, %s, %s, now()) RETURNING id",
        (started[0], body, status),
    ).fetchone()
    assert defined is not None
    return int(defined[0])


def log(
    connection: psycopg.Connection, home: str, event_type: str, data: dict[str, Any] | None = None
) -> None:
    connection.execute(
        "INSERT INTO events (source, id, type, time_us, home, account, data, received_us) "
        "VALUES ('crm', gen_random_uuid()::text, %s, 0, %s, 'x', %s, 0)",
        (event_type, home, psycopg.types.json.Json(data or {})),
    )


def homes(database: str) -> set[tuple[int, str]]:
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT definition_id, home FROM definition_homes").fetchall()
    return set(rows)
