"""The batch protocol as a relation: from a state of the system to every state that may follow.

The adversary is stronger than Kafka: any worker may be given any partition at any moment, also one
that another still works on, and none is told of what it lost unless it happens to be.
"""

from collections.abc import Iterator
from typing import NamedTuple

from faust.types import TP

from stream_processors.batches import batches_of
from stream_processors.positions import PositionLostError, start_offset
from tests.model.values import (
    NOTHING,
    UNTOUCHED,
    Batch,
    Database,
    Event,
    Pairs,
    Place,
    Unit,
    Work,
    Worker,
    World,
    evaluated,
    get,
    moments_of,
    put,
    without,
)


class Rules(NamedTuple):
    """What the protocol does. Every field that differs from here is a deliberate fault."""

    offset_with_events: bool = True
    fenced: bool = True
    unique_events: bool = True
    offsets_by_topic_id: bool = True
    starts_at_stored_offset: bool = True
    one_owner_per_home: bool = True
    nobodys_home_is_anothers: bool = True
    owner_holds_when_written: bool = True
    locks_while_building: bool = True
    opens_before_reading: bool = True


class Step(NamedTuple):
    """What happened, to which worker (-1: to none), with which detail."""

    name: str
    worker: int = -1
    detail: object = None


Next = Iterator[tuple[Step, World]]


def steps(world: World, rules: Rules) -> Next:
    """Yield everything that may happen next."""
    yield from _environment(world, rules)
    for number, worker in enumerate(world.workers):
        yield from _reading(world, rules, number, worker)
        yield from _working(world, rules, number, worker)
        yield from _misfortune(world, rules, number, worker)


def key_of(place: Place, rules: Rules) -> Place:
    """Return what a partition's offset is stored under."""
    return place if rules.offsets_by_topic_id else Place(0, place.partition)


def start_of(world: World, rules: Rules, place: Place) -> int:
    """Return where a worker that is given this place starts, by the rule that workers run."""
    stored = get(world.database.offsets, key_of(place, rules))
    return start_offset(TP("events", place.partition), stored, 0, end_of(world, place))


def end_of(world: World, place: Place) -> int:
    """Return the offset that the next record of this place will have."""
    return len(get(world.logs, place) or ())


# What happens to the log, the database and the build


def _environment(world: World, rules: Rules) -> Next:
    if world.coming and world.coming[0][0].topic == world.topic:
        place, event = world.coming[0]
        log = (*(get(world.logs, place) or ()), event)
        yield (
            Step("append", detail=(place, event.id)),
            world._replace(logs=put(world.logs, place, log), coming=world.coming[1:]),
        )
    if world.left.new_topics:
        yield Step("topic made again"), _topic_made_again(world)
    yield from _of_the_database(world)
    if world.building:
        yield from _build(world, rules)


def _topic_made_again(world: World) -> World:
    left = world.left._replace(new_topics=world.left.new_topics - 1)
    coming = tuple(c for c in world.coming if c[0].topic > world.topic)
    return world._replace(topic=world.topic + 1, left=left, coming=coming)


def _of_the_database(world: World) -> Next:
    if not world.left.database_crashes or world.flushed == world.database:
        return
    yield Step("flush"), world._replace(flushed=world.database)
    left = world.left._replace(database_crashes=world.left.database_crashes - 1)
    # Whoever was in a transaction loses its connection, which ends the process; others go on.
    workers = tuple(Worker() if w.work is not None else w for w in world.workers)
    yield (
        Step("database forgets"),
        world._replace(database=world.flushed, workers=workers, left=left),
    )


def _build(world: World, rules: Rules) -> Next:
    database = world.database
    if not database.registered:
        if all(worker.work is None for worker in world.workers):  # alone in the gate
            yield Step("register"), committed(world, database._replace(registered=True))
        return
    for home, before in database.states:
        if home not in database.built and not _is_locked(world, rules, home, -1):
            after = evaluated(e for e in database.stored if e.home == home)
            change = moments_of([after]) - moments_of([before])
            changed = database._replace(
                states=put(database.states, home, after),
                moments=database.moments + change,
                built=database.built | {home},
            )
            yield Step("build", detail=home), committed(world, changed)


def committed(world: World, database: Database) -> World:
    """Return the world with this committed; all at once is flushed where no crash can come."""
    if world.left.database_crashes:
        return world._replace(database=database)
    return world._replace(database=database, flushed=database)


def _is_locked(world: World, rules: Rules, home: str, by_other_than: int) -> bool:
    return rules.locks_while_building and any(
        worker.work is not None
        and number != by_other_than
        and any(h == home and unit is not None for h, unit in worker.work.found or ())
        for number, worker in enumerate(world.workers)
    )


# Positions and fetches


def _reading(world: World, rules: Rules, number: int, worker: Worker) -> Next:
    for place in [p for p, _ in world.logs if p.topic == world.topic]:
        position = get(worker.positions, place)
        if position is None:
            for start, opened in _starts(world, rules, place):
                positions = put(worker.positions, place, start)
                yield (
                    Step("assign", number, (place, start)),
                    _with(opened, number, worker._replace(positions=positions)),
                )
            continue
        if worker.waiting is None and position < end_of(world, place):
            for batch in _fetched(world, place, position):
                positions = put(worker.positions, place, batch.next)
                changed = worker._replace(positions=positions, waiting=batch)
                yield (
                    Step("fetch", number, (place, batch.first, batch.next)),
                    _with(world, number, changed),
                )
        if world.left.revocations:
            left = world.left._replace(revocations=world.left.revocations - 1)
            yield (
                Step("revoke", number, place),
                _with(world._replace(left=left), number, _revoked(worker, place)),
            )


def _starts(world: World, rules: Rules, place: Place) -> Iterator[tuple[int, World]]:
    """Yield where reading may start, and the world with the partition's row in it."""
    if not rules.starts_at_stored_offset:
        # Kafka's committed offset: it follows, it may be another group's, it may be reset by hand.
        for offset in range(end_of(world, place) + 1):
            yield offset, world
        return
    try:
        start = start_of(world, rules, place)
    except PositionLostError:
        return  # The worker ends; started again, it ends again.
    key, database = key_of(place, rules), world.database
    if get(database.offsets, key) is None and rules.opens_before_reading:
        opened = database._replace(offsets=put(database.offsets, key, start))
        yield start, world._replace(database=opened, flushed=opened)  # committed durably
    else:
        yield start, world


class _Record(NamedTuple):
    """As much of a client's record as a batch is cut by; each takes one byte."""

    offset: int
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = None
    serialized_key_size: int = 0
    serialized_value_size: int = 1


def _fetched(world: World, place: Place, position: int) -> Iterator[Batch]:
    """Yield what a fetch may bring: the next record alone, or all that are there."""
    log = get(world.logs, place) or ()
    records = [_Record(offset) for offset in range(position, len(log))]
    for size in {1, len(records)}:
        cut = next(batches_of("events", place.partition, position, records, size))
        events = log[cut.first_offset : cut.next_offset]
        yield Batch(place, cut.first_offset, cut.next_offset, events)


def _revoked(worker: Worker, place: Place) -> Worker:
    positions = without(worker.positions, place)
    if worker.waiting is not None and worker.waiting.place != place:
        return worker._replace(positions=positions)
    return worker._replace(positions=positions, waiting=None, alone=False)


# The transaction of a batch


def _working(world: World, rules: Rules, number: int, worker: Worker) -> Next:
    if worker.work is None:
        if worker.waiting is not None and _may_begin(world, rules, worker, worker.waiting):
            yield _fence(world, rules, number, worker, worker.waiting)
    elif worker.work.new is None:
        if not _are_events_held(world, number, worker.work.batch):
            work = _inserted(world, rules, worker.work)
            yield Step("insert", number), _with(world, number, worker._replace(work=work))
    elif worker.work.found is None:
        yield from _load(world, rules, number, worker, worker.work, worker.work.new)
    else:
        yield from _commit(world, rules, number, worker, worker.work)


def _may_begin(world: World, rules: Rules, worker: Worker, batch: Batch) -> bool:
    """Tell whether the gate and the fence let a transaction in."""
    others = [w.work for w in world.workers if w.work is not None]
    if any(work.alone or worker.alone for work in others):
        return False
    return not _is_fence_held(world, rules, batch.place)


def _is_fence_held(world: World, rules: Rules, place: Place) -> bool:
    return any(
        w.work is not None and key_of(w.work.batch.place, rules) == key_of(place, rules)
        for w in world.workers
    )


def _fence(
    world: World, rules: Rules, number: int, worker: Worker, batch: Batch
) -> tuple[Step, World]:
    database, key = world.database, key_of(batch.place, rules)
    stands_at = get(database.offsets, key)
    if stands_at is None and not rules.opens_before_reading:
        stands_at = batch.first
    if rules.fenced and stands_at != batch.first:
        return Step("fenced", number), _with(world, number, _reloaded(world, rules, worker, batch))
    work = Work(batch, database.registered, worker.alone)
    if not rules.offset_with_events:
        moved = put(database.offsets, key, batch.next)
        world = committed(world, database._replace(offsets=moved))
    return (
        Step("fence", number),
        _with(world, number, worker._replace(waiting=None, alone=False, work=work)),
    )


def _reloaded(world: World, rules: Rules, worker: Worker, batch: Batch) -> Worker:
    if batch.place.topic != world.topic or get(worker.positions, batch.place) is None:
        return _revoked(worker, batch.place)
    if not rules.starts_at_stored_offset:
        return _revoked(worker, batch.place)
    if get(world.database.offsets, key_of(batch.place, rules)) is None:
        return _revoked(worker, batch.place)  # and assigned again, which opens it
    try:
        start = start_of(world, rules, batch.place)
    except PositionLostError:
        return Worker()
    positions = put(worker.positions, batch.place, start)
    return worker._replace(positions=positions, waiting=None, alone=False)


def _are_events_held(world: World, number: int, batch: Batch) -> bool:
    ids = {event.id for event in batch.events}
    return any(
        other.work is not None and n != number and any(e.id in ids for e in other.work.new or ())
        for n, other in enumerate(world.workers)
    )


def _inserted(world: World, rules: Rules, work: Work) -> Work:
    if not rules.unique_events:
        return work._replace(new=work.batch.events)
    stored = {event.id for event in world.database.stored}
    distinct = {event.id: event for event in reversed(work.batch.events)}
    new = [event for event in distinct.values() if event.id not in stored]
    return work._replace(new=tuple(sorted(new)))


def _load(
    world: World, rules: Rules, number: int, worker: Worker, work: Work, new: tuple[Event, ...]
) -> Next:
    homes = sorted({event.home for event in new})
    if world.building and any(_is_locked(world, rules, home, number) for home in homes):
        return
    if rules.one_owner_per_home and any(_is_of_another(world, rules, work, home) for home in homes):
        yield _again(world, number, worker, work)
        return
    loaded = _loaded(world, work, homes, new)
    yield Step("load", number), _with(world, number, worker._replace(work=loaded))


def _is_of_another(world: World, rules: Rules, work: Work, home: str) -> bool:
    if work.alone or get(world.database.states, home) is None:
        return False
    owner = get(world.database.owners, home)
    if owner is None:
        return rules.nobodys_home_is_anothers
    return owner != work.batch.place


def _again(world: World, number: int, worker: Worker, work: Work) -> tuple[Step, World]:
    again = worker._replace(work=None, waiting=work.batch, alone=True)
    return Step("run again alone", number), _with(world, number, again)


def _loaded(world: World, work: Work, homes: list[str], new: tuple[Event, ...]) -> Work:
    found: Pairs[str, Unit | None] = ()
    states: Pairs[str, Unit] = ()
    change = NOTHING
    for home in homes:
        before = get(world.database.states, home)
        events = [event for event in new if event.home == home]
        history = [event for event in world.database.stored if event.home == home] + events
        after = _folded(before, events, history, registered=work.registered)
        found = put(found, home, before)
        change += moments_of([after]) - moments_of([before or UNTOUCHED])
        if after != before:
            states = put(states, home, after)
    return work._replace(found=found, states=states, change=change)


def _folded(
    before: Unit | None, events: list[Event], history: list[Event], *, registered: bool
) -> Unit:
    """Return a home's state after new events, as `attribution.fold` has it."""
    if not registered:
        return before or UNTOUCHED
    if before is not None and before.exposed:
        return Unit(exposed=True, outcomes=before.outcomes + sum(not e.exposes for e in events))
    if any(event.exposes for event in events):
        # A home without a state has no history but this batch.
        return evaluated(history if before is not None else events)
    return before or UNTOUCHED


def _commit(world: World, rules: Rules, number: int, worker: Worker, work: Work) -> Next:
    if rules.owner_holds_when_written and any(
        _is_of_another(world, rules, work, home) for home, _ in work.states
    ):
        yield _again(world, number, worker, work)
        return
    after = committed(world, _written(world.database, rules, work))
    yield Step("commit", number), _with(after, number, worker._replace(work=None))
    if world.left.lost_answers and worker.waiting is None:
        left = world.left._replace(lost_answers=world.left.lost_answers - 1)
        unsure = worker._replace(work=None, waiting=work.batch)
        yield (
            Step("commit, unanswered", number),
            _with(after._replace(left=left), number, unsure),
        )


def _written(database: Database, rules: Rules, work: Work) -> Database:
    states, owners = database.states, database.owners
    for home, unit in work.states:
        states = put(states, home, unit)
        owners = put(owners, home, work.batch.place)
    offsets = database.offsets
    if rules.offset_with_events:
        offsets = put(offsets, key_of(work.batch.place, rules), work.batch.next)
    return database._replace(
        offsets=offsets,
        stored=tuple(sorted((*database.stored, *(work.new or ())))),
        states=states,
        owners=owners,
        moments=database.moments + work.change,
    )


def _misfortune(world: World, rules: Rules, number: int, worker: Worker) -> Next:
    if world.left.crashes and worker != Worker():
        left = world.left._replace(crashes=world.left.crashes - 1)
        yield Step("crash", number), _with(world._replace(left=left), number, Worker())


def _with(world: World, number: int, worker: Worker) -> World:
    workers = (*world.workers[:number], worker, *world.workers[number + 1 :])
    return world._replace(workers=workers)
