"""A larger system at random: more workers, records, places and misfortunes than can be explored."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.model.promises import broken_at_the_end, broken_by_step, broken_promises
from tests.model.protocol import Rules, steps
from tests.model.systems import system
from tests.model.values import Event, Left, Place, Work, World, get, put

EVENTS = [
    Event(name, home, exposes=name.startswith("x"))
    for home in ("acme", "bolt")
    for name in (f"x-{home}", f"x-again-{home}", f"l-{home}", f"m-{home}", f"n-{home}")
]
MISFORTUNES = Left(crashes=50, lost_answers=50, database_crashes=50, new_topics=2, revocations=50)
READING = ("assign", "fetch", "revoke")
WORKING = ("fence", "fenced", "insert", "load", "run again alone", "commit", "commit, unanswered")
BESIDE = ("crash", "flush", "database forgets", "topic made again", "register", "build")

choices = st.integers(0, 10_000)


class Protocol(RuleBasedStateMachine):
    """Every step is one that the protocol allows; records, places and workers' haste are drawn."""

    protocol = Rules()

    def __init__(self) -> None:
        super().__init__()
        self.world: World = system([], MISFORTUNES)

    @initialize(
        first=st.lists(st.sampled_from(EVENTS), min_size=1, max_size=3),
        second=st.lists(st.sampled_from(EVENTS), max_size=3),
        building=st.booleans(),
        workers=st.integers(2, 3),
    )
    def begin(self, first: list[Event], second: list[Event], building: bool, workers: int) -> None:
        records = [(Place(0, 0), event) for event in first]
        records += [(Place(0, 1), event) for event in second]
        self.world = system(records, MISFORTUNES, workers=workers, building=building)

    def _take(self, names: tuple[str, ...], choice: int, worker: int = -1) -> bool:
        possible = [
            found
            for found in steps(self.world, self.protocol)
            if found[0].name in names and worker in (-1, found[0].worker)
        ]
        if not possible:
            return False
        step, after = possible[choice % len(possible)]
        before, self.world = self.world, after
        forgetting = step.name == "database forgets"
        assert list(broken_by_step(before, after, forgetting=forgetting)) == []
        return True

    @rule(event=st.sampled_from(EVENTS), choice=choices)
    def append(self, event: Event, choice: int) -> None:
        places = [place for place, _ in self.world.logs if place.topic == self.world.topic]
        # One more than there are: partitions are added, and a new topic begins with none.
        place = Place(self.world.topic, choice % min(3, len(places) + 1))
        log = (*(get(self.world.logs, place) or ()), event)
        self.world = self.world._replace(logs=put(self.world.logs, place, log))

    @rule(choice=choices)
    def step(self, choice: int) -> None:
        self._take((*READING, *WORKING), choice)

    @rule(worker=st.integers(0, 2), until=st.sampled_from(WORKING), choice=choices)
    def hurry(self, worker: int, until: str, choice: int) -> None:
        """One worker goes on alone, up to some point of its next transaction."""
        for _ in range(8):
            if not self._take(("assign", "fetch", *WORKING), choice, worker):
                return
            work = self.world.workers[worker].work
            if work is not None and until == _stage(work):
                return

    @rule(worker=st.integers(0, 2), choice=choices)
    def finish(self, worker: int, choice: int) -> None:
        """One worker ends what it is at."""
        while self.world.workers[worker % len(self.world.workers)].work is not None:
            if not self._take(WORKING, choice, worker):
                return

    @rule(name=st.sampled_from(BESIDE), choice=choices)
    def happen(self, name: str, choice: int) -> None:
        self._take((name,), choice)

    @invariant()
    def no_promise_is_broken(self) -> None:
        assert list(broken_promises(self.world, self.protocol)) == []

    def teardown(self) -> None:
        assert list(broken_at_the_end(self.world, self.protocol)) == []


def _stage(work: Work) -> str:
    if work.new is None:
        return "fence"
    return "insert" if work.found is None else "load"


def test_no_random_run_breaks_a_promise() -> None:
    run_state_machine_as_test(
        Protocol,
        settings=settings(
            # A run is a few milliseconds; the thorough profile searches longer.
            max_examples=4 * settings().max_examples,
            stateful_step_count=40,
            suppress_health_check=list(HealthCheck),
        ),
    )


# Faults that need two transactions at one home at one moment are left to the exploration.
FAULTS: dict[str, Rules] = {
    "the offset is committed before the events": Rules(offset_with_events=False),
    "without a fence": Rules(fenced=False),
    "an event counts as often as it is delivered": Rules(unique_events=False),
    "offsets are stored under the topic's name": Rules(offsets_by_topic_id=False),
    "a worker starts at Kafka's committed offset": Rules(starts_at_stored_offset=False),
    "a partition opens wherever a batch begins": Rules(opens_before_reading=False),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_random_runs_find_what_is_wrong_with_a_protocol_that_is_changed(fault: Rules) -> None:
    class Changed(Protocol):
        protocol = fault

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Changed, settings=_search())


def _search() -> settings:
    return settings(
        max_examples=400,
        stateful_step_count=40,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
