"""Small systems to explore: few records, and each misfortune a bounded number of times."""

from collections.abc import Mapping, Sequence

from tests.model.protocol import Rules
from tests.model.values import (
    UNTOUCHED,
    Database,
    Event,
    Left,
    Place,
    Worker,
    World,
    get,
    put,
)

PRESENT = Rules()
"""What the code does as it stands: see test_one_home_in_two_partitions.py."""

EXPOSURE = Event("x", "acme", exposes=True)
LEAD, OTHER_LEAD, OLD_LEAD = (Event(name, "acme") for name in ("l", "m", "k"))


def system(
    records: Sequence[tuple[Place, Event]],
    left: Left,
    *,
    coming: Sequence[tuple[Place, Event]] = (),
    workers: int = 2,
    building: bool = False,
    before: Database | None = None,
) -> World:
    """Return a system whose logs hold these records; its database is empty but for `before`."""
    logs: tuple[tuple[Place, tuple[Event, ...]], ...] = ()
    for place, event in records:
        logs = put(logs, place, (*(get(logs, place) or ()), event))
    database = before or Database(registered=not building)
    idle = (Worker(),) * workers
    return World(logs, tuple(coming), 0, database, database, idle, left, building)


ONE, OTHER, ANEW = Place(0, 0), Place(0, 1), Place(1, 0)

# As a database is left that was written before homes had owners.
OLD_HOME = Database(stored=(OLD_LEAD,), states=(("acme", UNTOUCHED),))

SMALL: Mapping[str, World] = {
    "one partition, an event sent twice": system(
        [(ONE, EXPOSURE), (ONE, LEAD), (ONE, LEAD)],
        Left(crashes=1, lost_answers=1, revocations=1),
    ),
    "one home in two partitions": system(
        [(ONE, EXPOSURE), (ONE, LEAD), (OTHER, OTHER_LEAD)], Left(crashes=1)
    ),
    "a home that is nobody's yet": system(
        [(ONE, EXPOSURE), (OTHER, LEAD)], Left(crashes=1), before=OLD_HOME
    ),
    "a home that moves to another partition": system(
        [(ONE, EXPOSURE), (OTHER, LEAD)],
        Left(crashes=1),
        before=OLD_HOME._replace(owners=(("acme", ONE),)),
    ),
    "one event in two partitions": system([(ONE, EXPOSURE), (OTHER, EXPOSURE)], Left(crashes=1)),
    "a topic made again": system(
        [(ONE, EXPOSURE), (ONE, LEAD), (ANEW, OTHER_LEAD)],
        Left(new_topics=1),
        coming=[(ANEW, LEAD)],
    ),
    "a database that forgets": system(
        [(ONE, EXPOSURE), (ONE, LEAD)], Left(database_crashes=1, crashes=1)
    ),
    "a build beside the stream": system(
        [(ONE, EXPOSURE), (ONE, LEAD)], Left(crashes=1), building=True
    ),
}

LARGE: Mapping[str, World] = {
    "three workers": system(
        [(ONE, EXPOSURE), (ONE, LEAD), (OTHER, OTHER_LEAD)], Left(crashes=1), workers=3
    ),
    "many crashes": system(
        [(ONE, EXPOSURE), (ONE, LEAD), (ONE, LEAD), (ONE, OTHER_LEAD)],
        Left(crashes=3, lost_answers=2, revocations=2),
    ),
    "a topic made again while workers crash": system(
        [(ONE, EXPOSURE), (ONE, LEAD), (ANEW, OTHER_LEAD)],
        Left(new_topics=1, crashes=2, lost_answers=1),
        coming=[(ANEW, LEAD)],
    ),
    "a database that forgets two partitions": system(
        [(ONE, EXPOSURE), (OTHER, LEAD)], Left(database_crashes=2, crashes=1)
    ),
    "a build of one home in two partitions": system(
        [(ONE, EXPOSURE), (OTHER, LEAD)], Left(crashes=1), building=True
    ),
}
