"""What the registry costs with ten and with ten thousand experiments, and the ratio of both.

    python -m benchmarks.registry --database CONNINFO [--many 10000]

Makes two databases on that server and drops them again. Lists, searches and looks up through the
statements that the API uses; attributes events as the worker does, in batches, with every
experiment running: half of them assigned, half matching a campaign of their own. Questions that
find more among more experiments ask for the first one, so that the answers are as long. Events meet
ten experiments of either house, and then all of them: ten thousand have more sums to write.

Both are asked by turns: whatever else the machine does at the time slows both alike.
"""

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from rich.console import Console
from rich.table import Table

from benchmarks.registry_houses import events_of, key_of, register, spread
from schemas.lifecycle import ExperimentStatus
from storage import migrate
from storage.batches import AloneInGateRequired, DecodedBatch, apply_batch
from storage.definitions import ActiveDefinitions, load_active
from storage.gate import enter_gate
from storage.offsets import open_partition
from storage.pool import Connection, Pool, open_pool
from storage.registry import Wanted, experiment, experiments_after, line_of

TOPIC = "events"
Pair = tuple[float, float]
"""Of few experiments, and of many."""


@dataclass(frozen=True)
class House:
    """A database with so many experiments."""

    pool: Pool
    count: int


Houses = tuple[House, House]
Question = Callable[[Connection, int, int], Awaitable[object]]
"""Asks with a number that differs each time, of so many experiments."""


def main() -> None:
    arguments = _arguments()
    _print(arguments, asyncio.run(_measured(arguments)))


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


async def _measured(arguments: argparse.Namespace) -> Mapping[str, Pair]:
    few = _house(arguments.database, arguments.few)
    many = _house(arguments.database, arguments.many)
    async with few as one, many as other:
        houses = (one, other)
        asked = {
            name: await _medians(houses, question, arguments.rounds)
            for name, question in QUESTIONS.items()
        }
        return {**asked, **await _attribution(houses, arguments)}


@asynccontextmanager
async def _house(server: str, count: int) -> AsyncIterator[House]:
    async with _database(server) as conninfo, open_pool(conninfo, name="bench", size=1) as pool:
        register(conninfo, count)
        yield House(pool, count)


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


QUESTIONS: Mapping[str, Question] = {
    "list: a page of 10": lambda c, n, count: experiments_after(
        c, after=n % (count - 9) or None, limit=10, wanted=Wanted()
    ),
    "list: first of a team that runs": lambda c, n, _: experiments_after(
        c,
        after=None,
        limit=1,
        wanted=Wanted(status=ExperimentStatus.RUNNING, team=f"team-{n % 10}"),
    ),
    "list: drafts (none)": lambda c, _, __: experiments_after(
        c, after=None, limit=1, wanted=Wanted(status=ExperimentStatus.DRAFT)
    ),
    "search: a word of one": lambda c, n, count: experiments_after(
        c, after=None, limit=1, wanted=Wanted(words=(f"{n % count:05}",))
    ),
    "search: first of an eighth": lambda c, _, __: experiments_after(
        c, after=None, limit=1, wanted=Wanted(words=("webin", "prob"))
    ),
    "read one": lambda c, n, count: experiment(c, key_of(n % count)),
    "its line": lambda c, n, count: line_of(c, key_of(n % count), limit=500),
}


async def _medians(houses: Houses, question: Question, rounds: int) -> Pair:
    """Median milliseconds of a question in each house, each in a transaction of its own."""
    spent: list[Pair] = []
    for number in range(rounds + 10):
        one, other = [await _asked(house, question, 7 * number) for house in houses]
        spent.append((one, other))
    return _medians_of(spent[10:], scale=1_000)  # the first ones prepare statements


async def _asked(house: House, question: Question, number: int) -> float:
    async with house.pool.connection() as connection:
        begin = time.perf_counter()
        await question(connection, number, house.count)
        return time.perf_counter() - begin


def _medians_of(spent: Sequence[Pair], *, scale: float) -> Pair:
    one, other = zip(*spent, strict=True)
    return scale * statistics.median(one), scale * statistics.median(other)


@dataclass
class Stream:
    """A worker at a house: what it knows of the registry, and the partition that it reads."""

    house: House
    known: ActiveDefinitions
    topic: UUID

    @classmethod
    async def of(cls, house: House) -> "Stream":
        """Begin to read."""
        topic = uuid4()
        async with house.pool.connection() as connection:
            await enter_gate(connection, alone=False)
            known = await load_active(connection)
            await open_partition(connection, topic, TOPIC, 0, 0)
        return cls(house, known, topic)

    async def notice(self) -> float:
        """Return the seconds it takes to look whether anything was registered."""
        async with self.house.pool.connection() as connection:
            await enter_gate(connection, alone=False)
            begin = time.perf_counter()
            self.known = await load_active(connection, self.known)
            return time.perf_counter() - begin

    async def take(self, number: int, size: int, met: Sequence[int]) -> float:
        """Return the seconds that a batch takes."""
        events = events_of(number, met, size)
        offset = number * size
        batch = DecodedBatch(self.topic, TOPIC, 0, offset, offset + len(events), events, ())
        begin = time.perf_counter()
        self.known = await _apply(self.house.pool, batch, self.known)
        return time.perf_counter() - begin


async def _attribution(houses: Houses, arguments: argparse.Namespace) -> Mapping[str, Pair]:
    streams = (await Stream.of(houses[0]), await Stream.of(houses[1]))
    noticed = [(await streams[0].notice(), await streams[1].notice()) for _ in range(5)]
    few = arguments.few
    by_few = [spread(few, house.count) for house in houses]
    by_all = [range(house.count) for house in houses]
    batches = range(2 * (arguments.batches + 2))
    first, then = batches[: len(batches) // 2], batches[len(batches) // 2 :]
    return {
        f"an event of one of {few} (µs)": await _taken(streams, by_few, first, arguments.events),
        "an event of one of all (µs)": await _taken(streams, by_all, then, arguments.events),
        "stream notices a registration": _medians_of(noticed, scale=1_000),
    }


async def _taken(
    streams: tuple[Stream, Stream],
    met: Sequence[Sequence[int]],
    batches: Sequence[int],
    size: int,
) -> Pair:
    """Median microseconds of attributing an event, in batches; the first ones warm up."""
    taken = [
        (await streams[0].take(number, size, met[0]), await streams[1].take(number, size, met[1]))
        for number in batches
    ]
    return _medians_of(taken[2:], scale=1e6 / size)


async def _apply(pool: Pool, batch: DecodedBatch, known: ActiveDefinitions) -> ActiveDefinitions:
    try:
        async with pool.connection() as connection:
            return (await apply_batch(connection, batch, known, alone=False)).definitions
    except AloneInGateRequired:
        async with pool.connection() as connection:
            return (await apply_batch(connection, batch, known, alone=True)).definitions


def _print(arguments: argparse.Namespace, figures: Mapping[str, Pair]) -> None:
    table = Table(title="The registry, median of a question in milliseconds")
    table.add_column("")
    for heading in (f"{arguments.few} experiments", f"{arguments.many} experiments", "ratio"):
        table.add_column(heading, justify="right")
    for name, (few, many) in figures.items():
        table.add_row(name, f"{few:.2f}", f"{many:.2f}", f"{many / few:.2f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
