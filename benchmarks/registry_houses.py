"""Registers any number of experiments for the benchmark of the registry, and makes their events."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg
from msgspec.structs import replace
from psycopg.types.json import Jsonb

from schemas.events import Event
from schemas.resources import (
    AssignmentExposure,
    Condition,
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
from storage.batches import LogEvent
from storage.definitions import DefinitionBody

NOW = datetime.now(UTC)
STARTS_AT = NOW - timedelta(days=7)
WORDS = ("subject", "landing", "cadence", "offer", "channel", "script", "webinar", "trial")
LEADS = Metric(
    key="leads",
    name="Leads",
    meaning="The account became a lead.",
    owner=Side.SALES,
    kind=MetricKind.CONVERSION,
    measure=Measure(filter=EventFilter(types=("lead.created",))),
    window=timedelta(days=30),
    version=1,
    created_at=STARTS_AT,
)


def register(conninfo: str, count: int) -> None:
    """Register everything at once: one by one it would take longer than what is measured."""
    with psycopg.connect(conninfo) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO metrics (key, version, body, created_at) VALUES ('leads', 1, %s, %s)",
            (Jsonb(LEADS.model_dump(mode="json", exclude={"version", "created_at"})), STARTS_AT),
        )
        cursor.executemany(
            "INSERT INTO experiments (key, body, status, epoch, created_at, owner, team, "
            "starts_at, follows, registered_at, longest_window) "
            "VALUES (%s, %s, 'registered', 1, %s, %s, %s, %s, %s, %s, '30 days')",
            [_row(number) for number in range(count)],
        )
        cursor.executemany(
            "INSERT INTO definitions (experiment_id, epoch, body, status, created_at) "
            "SELECT id, 1, %s, 'current', now() FROM experiments WHERE key = %s",
            [(_frozen(draft), draft.key) for draft in map(_draft, range(count))],
        )
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _row(number: int) -> tuple[object, ...]:
    draft = _draft(number)
    return (
        *(draft.key, Jsonb(draft.model_dump(mode="json")), STARTS_AT, draft.owner, draft.team),
        *(draft.starts_at, draft.follows, STARTS_AT),
    )


def _frozen(draft: ExperimentDraft) -> Jsonb:
    return DefinitionBody(draft, {"leads": LEADS}, "EUR", ()).to_json()


def _draft(number: int) -> ExperimentDraft:
    word = WORDS[number % len(WORDS)]
    matching = MatchingExposure(
        filter=EventFilter(
            types=("engagement.page.viewed",),
            where=(Condition(field="campaign", value=f"campaign-{number}"),),
        ),
        variant_from="content",
    )
    return ExperimentDraft(
        key=key_of(number),
        name=f"A {word} of its own kind, number {number}",
        hypothesis="Because readers know the problem, more of them become a lead within 30 days.",
        owner=Side.MARKETING if number % 3 else Side.SALES,
        team=f"team-{number % 50}",
        variants=(Variant(key="a", control=True), Variant(key="b")),
        exposure=matching if number % 2 else AssignmentExposure(),
        metrics=(MetricUse(metric="leads", version=1),),
        starts_at=STARTS_AT,
        planned_units=1_000,
        follows=key_of(number - 1) if number % 5 else None,
    )


def key_of(number: int) -> str:
    return f"{WORDS[number % len(WORDS)]}-{number:05}"


def events_of(batch: int, met: Sequence[int], size: int) -> Sequence[LogEvent]:
    """New accounts in every batch: each is exposed, by assignment or by a page, and then a lead.

    They meet the experiments of these numbers by turns.
    """
    found = []
    for number in range(size):
        account = f"account-{batch}-{number // 4}"
        experiment = met[(batch * 7919 + number // 4) % len(met)]
        event = _event(batch, number, account, experiment)
        found.append(LogEvent(event, account.encode(), event.time_us))
    return found


def spread(count: int, among: int) -> Sequence[int]:
    """Return so many numbers of experiments from all over, assigned and matching ones by turns."""
    step = among // count
    return [place * step + (place * step + place) % 2 for place in range(count)]


def _event(batch: int, number: int, account: str, met: int) -> Event:
    plain = Event(
        source="bench",
        id=f"{batch}-{number}",
        type="engagement.page.viewed",
        time_us=int(NOW.timestamp() * 1e6) + number,
        account=account,
        campaign=f"campaign-{met}",
        content="b",
    )
    if number % 4 == 0 and met % 2 == 0:
        assigned = {"experiment": key_of(met), "variant": "a"}
        return replace(plain, type="experiment.exposure", data=assigned)
    return replace(plain, type="lead.created") if number % 4 == 3 else plain
