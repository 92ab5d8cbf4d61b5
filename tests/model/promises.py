"""What must hold in every state of the model, and after everything that came was worked off."""

from collections.abc import Iterator

from tests.model.protocol import Rules, end_of, key_of, steps
from tests.model.values import Left, Worker, World, evaluated, get, moments_of

PATIENCE = 200
"""Steps after which a worker that is left alone must have worked off a log of a few records."""


def broken_promises(world: World, rules: Rules) -> Iterator[str]:
    """Yield what is wrong with what is committed."""
    database = world.database
    ids = [event.id for event in database.stored]
    if len(ids) != len(set(ids)):
        yield "an event is stored twice"
    for place, log in world.logs:
        passed = get(database.offsets, key_of(place, rules)) or 0
        if not rules.offsets_by_topic_id and place.topic != world.topic:
            continue
        if any(event.id not in ids for event in log[:passed]):
            yield "an offset was passed whose event is not stored"
    if database.moments != moments_of(unit for _, unit in database.states):
        yield "the moments are not the sums over the states"
    for home in {event.home for event in database.stored}:
        unit = get(database.states, home)
        if unit is None:
            yield "a home with events has no state"
        elif _is_due(world, home) and unit != evaluated(
            e for e in database.stored if e.home == home
        ):
            yield "a state is not what its history comes to"


def _is_due(world: World, home: str) -> bool:
    unit = get(world.database.states, home)
    return not world.building or home in world.database.built or bool(unit and unit.exposed)


def broken_by_step(before: World, after: World, *, forgetting: bool) -> Iterator[str]:
    """Yield what a single step must not do."""
    if forgetting:
        return
    for key, offset in before.database.offsets:
        if (get(after.database.offsets, key) or 0) < offset:
            yield "a stored offset went back"
    if not set(before.database.stored) <= set(after.database.stored):
        yield "a stored event is gone"


def broken_at_the_end(world: World, rules: Rules) -> Iterator[str]:
    """Let everybody crash and one fresh worker work everything off; yield what is wrong then."""
    end = worked_off(world, rules)
    if end is None:
        yield "a worker that is left alone does not come to the end of the log"
        return
    yield from broken_promises(end, rules)
    stored = {event.id for event in end.database.stored}
    logged = {event.id for place, log in end.logs if place.topic == end.topic for event in log}
    if not logged <= stored:
        yield "an acknowledged event is lost"
    if end.building:
        return
    whole = moments_of(
        evaluated(e for e in end.database.stored if e.home == home)
        for home in {event.home for event in end.database.stored}
    )
    if end.database.moments != whole:
        yield "the moments are not a recomputation"


def worked_off(world: World, rules: Rules) -> World | None:
    """Return where a fresh worker ends that meets no misfortune; None where it does not end."""
    world = world._replace(workers=(Worker(),), left=Left(), coming=())
    for _ in range(PATIENCE):
        # Kafka's committed offset lies as badly as it can: the last start is the end of the log.
        step = next((found for found in reversed(list(steps(world, rules)))), None)
        if step is None:
            return _built(world)
        world = step[1]
    return None


def _built(world: World) -> World:
    if world.building and {home for home, _ in world.database.states} <= world.database.built:
        return world._replace(building=False)
    return world


def is_at_end(world: World, rules: Rules) -> bool:
    """Tell whether every record of the present topic was passed."""
    return all(
        get(world.database.offsets, key_of(place, rules)) == end_of(world, place)
        for place, _ in world.logs
        if place.topic == world.topic
    )
