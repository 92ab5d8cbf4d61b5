"""Every reachable state of small systems: no interleaving, crash or redelivery breaks a promise."""

import re
from pathlib import Path

import pytest
from hypothesis import settings

from tests.model.exploring import explore
from tests.model.protocol import Rules
from tests.model.systems import LARGE, SMALL

# As for random searches: every run takes the brief one, another profile searches further.
SYSTEMS = SMALL if settings().max_examples <= 30 else SMALL | LARGE
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "batch_protocol.md"


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_reachable_state_breaks_a_promise(name: str) -> None:
    found = explore(SYSTEMS[name], Rules())

    assert found.broken is None
    assert found.states == documented_states()[name]


def documented_states() -> dict[str, int]:
    """The states of each system, as the document has them."""
    rows = re.findall(r"^\| ([a-z ,']+) \| ([\d,]+) \|", DOCUMENT.read_text(), flags=re.MULTILINE)
    return {name: int(states.replace(",", "")) for name, states in rows}


def test_the_document_counts_the_states_of_every_system() -> None:
    assert set(documented_states()) == set(SMALL | LARGE)


@pytest.mark.parametrize(
    ("fault", "system", "promise"),
    [
        (
            Rules(offset_with_events=False),
            "one partition, an event sent twice",
            "an offset was passed whose event is not stored",
        ),
        (
            Rules(fenced=False),
            "one partition, an event sent twice",
            "a stored offset went back",
        ),
        (
            Rules(fenced=False),
            "a database that forgets",
            "an offset was passed whose event is not stored",
        ),
        (
            Rules(unique_events=False),
            "one partition, an event sent twice",
            "an event is stored twice",
        ),
        (
            Rules(offsets_by_topic_id=False),
            "a topic made again",
            "an offset was passed whose event is not stored",
        ),
        (
            Rules(starts_at_stored_offset=False),
            "one partition, an event sent twice",
            "an acknowledged event is lost",
        ),
        (
            Rules(one_owner_per_home=False),
            "a home that moves to another partition",
            "a state is not what its history comes to",
        ),
        (
            Rules(owner_holds_when_written=False),
            "one home in two partitions",
            "the moments are not the sums over the states",
        ),
        (
            Rules(nobodys_home_is_anothers=False),
            "a home that is nobody's yet",
            "a state is not what its history comes to",
        ),
        (
            Rules(locks_while_building=False),
            "a build beside the stream",
            "a state is not what its history comes to",
        ),
        (
            Rules(opens_before_reading=False),
            "a database that forgets",
            "an offset was passed whose event is not stored",
        ),
    ],
    ids=[
        "the offset is committed before the events",
        "without the fence, a worker that lost its partition turns it back",
        "without the fence, what a crash forgot is skipped",
        "an event counts as often as it is delivered",
        "offsets are stored under the topic's name",
        "a worker starts at Kafka's committed offset",
        "a home is read by batches of two partitions",
        "a state that another partition made meanwhile is overwritten",
        "a state that nobody owns is read by batches of two partitions",
        "states are read unlocked beside a build",
        "a partition opens wherever the first batch begins",
    ],
)
def test_a_protocol_that_is_changed_breaks_a_promise(
    fault: Rules, system: str, promise: str
) -> None:
    found = explore(SMALL[system], fault)

    assert found.broken is not None
    assert found.broken.promise == promise
