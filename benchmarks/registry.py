"""What the registry costs with ten and with ten thousand experiments, and the ratio of both.

    python -m benchmarks.registry --database CONNINFO [--many 10000]

Makes two databases on that server and drops them again. Lists, searches and looks up through the
statements that the API uses; attributes events as the worker does, in batches, with every
experiment running: half of them assigned, half matching a campaign of their own. Questions that
find more among more experiments ask for the first one, so that the answers are as long.
"""

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
from msgspec.structs import replace
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb
from rich.console import Console
from rich.table import Table

from schemas.events import Event
from schemas.lifecycle import ExperimentStatus
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
from storage import migrate
from storage.batches import AloneInGateRequired, DecodedBatch, LogEvent, apply_batch
from storage.definitions import ActiveDefinitions, DefinitionBody, load_active
from storage.gate import enter_gate
from storage.offsets import open_partition
from storage.pool import Connection, Pool, open_pool
from storage.registry import Wanted, experiment, experiments_after, line_of

NOW = datetime.now(UTC)
STARTS_AT = NOW - timedelta(days=7)
TOPIC = "events"
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
Figures = Mapping[str, float]


def main() -> None:
    arguments = _arguments()
    few = asyncio.run(_measured(arguments.database, arguments.few, arguments))
    many = asyncio.run(_measured(arguments.database, arguments.many, arguments))
    _print(arguments, few, many)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    known = os.environ.get("ROUNDTABLE_DATABASE")
    parser.add_argument("--database", default=known, required=known is None)
    parser.add_argument("--few", type=int, default=10)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument(
        "--rounds", type=int, default=60, help="of each question; the median counts"
    )
    parser.add_argument("--batches", type=int, default=12, help="of events; the median counts")
    parser.add_argument("--events", type=int, default=2_000, help="in a batch")
    return parser.parse_args()


async def _measured(server: str, count: int, arguments: argparse.Namespace) -> Figures:
    async with _database(server) as conninfo, open_pool(conninfo, name="bench", size=1) as pool:
        _fill(conninfo, count)
        return {
            **await _questions(pool, count, arguments.rounds),
            **await _attribution(pool, count, arguments),
        }


@asynccontextmanager
async def _database(server: str) -> AsyncIterator[str]:
    name = f"registry_{uuid4().hex[:8]}"
    _execute(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        conninfo = make_conninfo(server, dbname=name)
        migrate.apply(conninfo)
        yield conninfo
    finally:
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
        _execute(server, drop.format(sql.Identifier(name)))


def _execute(server: str, statement: sql.Composed) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)


def _fill(conninfo: str, count: int) -> None:
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
        key=_key(number),
        name=f"A {word} of its own kind, number {number}",
        hypothesis="Because readers know the problem, more of them become a lead within 30 days.",
        owner=Side.MARKETING if number % 3 else Side.SALES,
        team=f"team-{number % 50}",
        variants=(Variant(key="a", control=True), Variant(key="b")),
        exposure=matching if number % 2 else AssignmentExposure(),
        metrics=(MetricUse(metric="leads", version=1),),
        starts_at=STARTS_AT,
        planned_units=1_000,
        follows=_key(number - 1) if number % 5 else None,
    )


def _key(number: int) -> str:
    return f"{WORDS[number % len(WORDS)]}-{number:05}"


async def _questions(pool: Pool, count: int, rounds: int) -> Figures:
    asked: dict[str, Callable[[Connection, int], Awaitable[object]]] = {
        "list: a page of 10": lambda c, n: experiments_after(
            c, after=1 + n % count, limit=10, wanted=Wanted()
        ),
        "list: first of a team that runs": lambda c, n: experiments_after(
            c,
            after=None,
            limit=1,
            wanted=Wanted(status=ExperimentStatus.RUNNING, team=f"team-{n % min(50, count)}"),
        ),
        "list: drafts (none)": lambda c, _: experiments_after(
            c, after=None, limit=1, wanted=Wanted(status=ExperimentStatus.DRAFT)
        ),
        "search: a word of one": lambda c, n: experiments_after(
            c, after=None, limit=1, wanted=Wanted(words=(f"{n % count:05}",))
        ),
        "search: first of an eighth": lambda c, _: experiments_after(
            c, after=None, limit=1, wanted=Wanted(words=("webin", "prob"))
        ),
        "read one": lambda c, n: experiment(c, _key(n % count)),
        "its line": lambda c, n: line_of(c, _key(n % count), limit=500),
    }
    return {name: await _median(pool, question, rounds) for name, question in asked.items()}


async def _median(
    pool: Pool, question: Callable[[Connection, int], Awaitable[object]], rounds: int
) -> float:
    """Median milliseconds of a question, each in a transaction of its own."""
    spent = []
    for number in range(rounds + 10):
        async with pool.connection() as connection:
            begin = time.perf_counter()
            await question(connection, 7 * number)
            spent.append(time.perf_counter() - begin)
    return 1_000 * statistics.median(spent[10:])  # the first ones prepare statements


async def _attribution(pool: Pool, count: int, arguments: argparse.Namespace) -> Figures:
    async with pool.connection() as connection:
        await enter_gate(connection, alone=False)
        known = await load_active(connection)
        begin = time.perf_counter()
        known = await load_active(connection, known)
        reloaded = time.perf_counter() - begin
    topic = uuid4()
    async with pool.connection() as connection:
        await open_partition(connection, topic, TOPIC, 0, 0)
    spent = []
    for number in range(arguments.batches + 2):
        events = _events(number, count, arguments.events)
        offset = number * arguments.events
        batch = DecodedBatch(topic, TOPIC, 0, offset, offset + len(events), events, ())
        begin = time.perf_counter()
        known = await _apply(pool, batch, known)
        spent.append(time.perf_counter() - begin)
    per_event = statistics.median(spent[2:]) / arguments.events
    return {
        "attribution of an event (µs)": 1e6 * per_event,
        "stream notices a registration": 1_000 * reloaded,
    }


async def _apply(pool: Pool, batch: DecodedBatch, known: ActiveDefinitions) -> ActiveDefinitions:
    try:
        async with pool.connection() as connection:
            return (await apply_batch(connection, batch, known, alone=False)).definitions
    except AloneInGateRequired:
        async with pool.connection() as connection:
            return (await apply_batch(connection, batch, known, alone=True)).definitions


def _events(batch: int, count: int, size: int) -> Sequence[LogEvent]:
    """New accounts in every batch: each is exposed, by assignment or by a page, and then a lead."""
    found = []
    for number in range(size):
        account = f"account-{batch}-{number // 4}"
        event = _event(batch, number, account, count)
        found.append(LogEvent(event, account.encode(), event.time_us))
    return found


def _event(batch: int, number: int, account: str, count: int) -> Event:
    met = (batch * 7919 + number // 4) % count
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
        assigned = {"experiment": _key(met), "variant": "a"}
        return replace(plain, type="experiment.exposure", data=assigned)
    return replace(plain, type="lead.created") if number % 4 == 3 else plain


def _print(arguments: argparse.Namespace, few: Figures, many: Figures) -> None:
    table = Table(title="The registry, median of a question in milliseconds")
    table.add_column("")
    for heading in (f"{arguments.few} experiments", f"{arguments.many} experiments", "ratio"):
        table.add_column(heading, justify="right")
    for name, figure in few.items():
        cells = (f"{figure:.2f}", f"{many[name]:.2f}", f"{many[name] / figure:.2f}")
        table.add_row(name, *cells)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
