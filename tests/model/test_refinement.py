"""Random ways through the model, taken by `apply_batch` on PostgreSQL too; compared at each step.

The model is of the code as it stands (`PRESENT`): where that counts wrongly, both do.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import NamedTuple
from uuid import UUID

from schemas.events import Event as LoggedEvent
from storage.batches import Applied, DecodedBatch, LogEvent, apply_batch
from storage.definitions import NOTHING_LOADED
from storage.offsets import FencedError, open_partition
from storage.pool import Connection
from tests.model.beside import apply_anew, apply_while_open, on_two
from tests.model.protocol import steps
from tests.model.systems import PRESENT, system
from tests.model.values import Batch, Event, Left, Moments, Place, World, get, put
from tests.storage.stream import build_all, register
from tests.storage.test_batches import LEADS, TEST, exposure, lead

WAYS = 20
STEPS = 14
EVENTS = [
    Event(f"{kind}{number}", home, exposes=kind == "x")
    for home, number in (("acme", 1), ("bolt", 2))
    for kind in ("x", "l", "m")
]
TABLES = (
    *("events", "event_names", "account_states", "partition_offsets"),
    *("moments", "cohorts", "stray_exposures", "definition_homes"),
)


class Outcome(NamedTuple):
    """What became of a batch: fenced, or so many events new and so many known."""

    fenced: bool
    accepted: int = 0
    duplicates: int = 0


class Committed(NamedTuple):
    """What a database holds that must be the same in both."""

    offsets: dict[Place, int]
    events: Counter[str]
    moments: Moments


class Model:
    """One way through the model: two workers, two partitions, a topic that may be made again."""

    def __init__(self) -> None:
        left = Left(crashes=99, lost_answers=99, new_topics=1, revocations=99)
        self.world: World = system([], left)._replace(
            logs=((Place(0, 0), ()), (Place(0, 1), ())),
        )

    def take(self, name: str, worker: int = -1, choice: int = 0) -> bool:
        """Take one of the steps of this name; tell whether there was one."""
        possible = [
            after
            for step, after in steps(self.world, PRESENT)
            if step.name == name and step.worker == worker
        ]
        if possible:
            self.world = possible[choice % len(possible)]
        return bool(possible)

    def waiting(self, worker: int) -> Batch | None:
        return self.world.workers[worker].waiting

    def append(self, place: Place, event: Event) -> None:
        log = (*(get(self.world.logs, place) or ()), event)
        self.world = self.world._replace(logs=put(self.world.logs, place, log))

    def work_up_to_commit(self, worker: int) -> Outcome | None:
        """Go on as far as possible without a commit; None where another holds what it needs."""
        if self.waiting(worker) is not None and not self.take("fence", worker):
            return Outcome(fenced=True) if self.take("fenced", worker) else None
        self.take("insert", worker)
        if not self.take("load", worker) and self.take("run again alone", worker):
            return self.work_up_to_commit(worker)
        work = self.world.workers[worker].work
        if work is None or work.found is None or work.new is None:
            return None
        new = len(work.new)
        return Outcome(False, new, len(work.batch.events) - new)

    def is_alone(self, worker: int) -> bool:
        work = self.world.workers[worker].work
        return work is not None and work.alone

    def finish(self, worker: int) -> Outcome:
        """Go on to the end, from the beginning again where that is asked for."""
        while True:
            outcome = self.work_up_to_commit(worker)
            assert outcome is not None
            if outcome.fenced or self.take("commit", worker):
                return outcome
            assert self.take("run again alone", worker)

    def committed(self) -> Committed:
        database = self.world.database
        events = Counter(event.id for event in database.stored)
        return Committed(dict(database.offsets), events, database.moments)


def logged(event: Event) -> LoggedEvent:
    number = 100 * int(event.id[1:]) + ord(event.id[0])
    if event.exposes:
        return exposure(number, "b", account=event.home)
    return lead(number, account=event.home)


NAMES = {logged(event).id: event.id for event in EVENTS}


def decoded(batch: Batch) -> DecodedBatch:
    sent = [LogEvent(logged(e), e.home.encode(), 1) for e in batch.events]
    topic_id = UUID(int=batch.place.topic + 1)
    return DecodedBatch(
        topic_id, "events", batch.place.partition, batch.first, batch.next, sent, ()
    )


async def committed(connection: Connection) -> Committed:
    offsets = await (
        await connection.execute("SELECT topic_id, partition, next_offset FROM partition_offsets")
    ).fetchall()
    ids = await (await connection.execute("SELECT id FROM events")).fetchall()
    sums = await (
        await connection.execute(
            "SELECT coalesce(sum(n), 0), coalesce(sum(sum_y), 0), coalesce(sum(sum_yy), 0) "
            "FROM moments"
        )
    ).fetchone()
    assert sums is not None
    return Committed(
        {Place(topic.int - 1, partition): offset for topic, partition, offset in offsets},
        Counter(NAMES[event_id] for (event_id,) in ids),
        Moments(*map(int, sums)),
    )


def outcome_of(applied: Applied) -> Outcome:
    return Outcome(False, applied.accepted, applied.duplicates)


async def applied_or_fenced(connection: Connection, batch: DecodedBatch) -> Outcome:
    try:
        return outcome_of(await apply_anew(connection, batch))
    except FencedError:
        return Outcome(fenced=True)


class Ways:
    """Takes each step in the model and on PostgreSQL, and counts what was met."""

    def __init__(self, one: Connection, other: Connection) -> None:
        self.one, self.other = one, other
        self.met: Counter[str] = Counter()

    async def walk(self, seed: int) -> None:
        drawn, model = random.Random(seed), Model()
        # Not TRUNCATE, which takes longer than the way itself.
        await self.one.execute("".join(f"DELETE FROM {table};" for table in TABLES))
        for _ in range(STEPS):
            await self._step(drawn, model)
            assert await committed(self.one) == model.committed()

    async def _step(self, drawn: random.Random, model: Model) -> None:
        for _ in range(drawn.randrange(3)):
            place = Place(model.world.topic, drawn.randrange(2))
            model.append(place, drawn.choice(EVENTS))
        if drawn.random() < 0.03:
            self.met["made again"] += model.take("topic made again")
        for worker in (0, 1):
            await self._read(drawn, model, worker)
        worker = drawn.randrange(2)
        if model.waiting(worker) is not None:
            step = drawn.choice((self._apply, self._crash, self._unanswered, self._beside))
            await step(model, worker)

    async def _read(self, drawn: random.Random, model: Model, worker: int) -> None:
        if drawn.random() < 0.2:
            model.take("revoke", worker, drawn.randrange(9))
        before = model.world.database.offsets
        model.take("assign", worker, drawn.randrange(9))
        for place, offset in model.world.database.offsets:
            if get(before, place) is None:
                topic_id = UUID(int=place.topic + 1)
                await open_partition(self.one, topic_id, "events", place.partition, offset)
        model.take("fetch", worker, drawn.randrange(9))

    async def _apply(self, model: Model, worker: int) -> None:
        batch = decoded(model.waiting(worker))
        expected = model.finish(worker)
        assert await applied_or_fenced(self.one, batch) == expected
        self.met["fenced" if expected.fenced else "applied"] += 1
        self.met["duplicates"] += expected.duplicates

    async def _crash(self, model: Model, worker: int) -> None:
        """The worker dies when all is done but the commit."""
        batch = decoded(model.waiting(worker))
        expected = model.work_up_to_commit(worker)
        alone = model.is_alone(worker)
        model.take("crash", worker)
        try:
            async with self.one.transaction(force_rollback=True):
                applied = await apply_batch(self.one, batch, NOTHING_LOADED, alone=alone)
            assert outcome_of(applied) == expected
            self.met["crashed"] += 1
        except FencedError:
            assert expected == Outcome(fenced=True)

    async def _unanswered(self, model: Model, worker: int) -> None:
        """The commit stands, its answer does not come, and the batch is applied again."""
        batch = decoded(model.waiting(worker))
        expected = model.work_up_to_commit(worker)
        assert await applied_or_fenced(self.one, batch) == expected
        if expected.fenced:
            return
        assert model.take("commit, unanswered", worker)
        assert model.finish(worker) == Outcome(fenced=True)
        assert await applied_or_fenced(self.one, batch) == Outcome(fenced=True)
        self.met["unanswered"] += 1

    async def _beside(self, model: Model, worker: int) -> None:
        """The other worker's transaction begins before this one's commits."""
        first, second = model.waiting(worker), model.waiting(1 - worker)
        if second is None:
            return
        expected = model.work_up_to_commit(worker)
        if expected.fenced:
            return
        if model.is_alone(worker):
            assert await applied_or_fenced(self.one, decoded(first)) == model.finish(worker)
            self.met["alone"] += 1
            return
        early = model.work_up_to_commit(1 - worker)
        model.finish(worker)
        late = early if early is not None and early.fenced else model.finish(1 - worker)
        applied, beside = await apply_while_open(
            (self.one, self.other), decoded(first), decoded(second)
        )
        assert outcome_of(applied) == expected
        error = beside.exception()
        assert error is None or isinstance(error, FencedError)
        found = Outcome(fenced=True) if error is not None else outcome_of(beside.result())
        assert found == late
        self.met["beside"] += 1


def test_postgresql_goes_every_way_that_the_model_goes(database: str) -> None:
    async def body(one: Connection, other: Connection) -> None:
        await register(one, [LEADS], TEST)
        await build_all(one)
        ways = Ways(one, other)

        for seed in range(WAYS):
            await ways.walk(seed)

        kinds = (
            "applied",
            "fenced",
            "duplicates",
            "crashed",
            "unanswered",
            "beside",
            "made again",
            "alone",
        )
        assert {kind for kind in kinds if ways.met[kind] < 2} == set()

    on_two(database, body)
