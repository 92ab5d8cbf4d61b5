"""Events in bulk for measurements: valid, of the usual size, and the same for a seed."""

import itertools

import numpy as np
import pytest

from cli.company.typical import typical_events
from schemas.codec import decode

START_US = 1_700_000_000_000_000
NOW_US = 1_800_000_000_000_000


def bulk(count: int = 2_000, first_id: int = 0) -> list[bytes]:
    return list(
        typical_events(
            np.random.default_rng(4),
            accounts=100,
            count=count,
            start_us=START_US,
            experiments=[("one", ("a", "b")), ("two", ("a", "b", "c"))],
            first_id=first_id,
        )
    )


def test_every_event_is_valid_and_has_an_id_of_its_own() -> None:
    events = [decode(raw, now_us=NOW_US) for raw in bulk()]

    assert len({event.id for event in events}) == 2_000
    assert [event.time_us for event in events] == [START_US + n * 1_000_000 for n in range(2_000)]


def test_accounts_meet_every_experiment_before_anything_else() -> None:
    events = [decode(raw, now_us=NOW_US) for raw in bulk()]

    exposures = list(itertools.takewhile(lambda e: e.type == "experiment.exposure", events))

    met = {(e.account, e.data["experiment"]) for e in exposures}
    assert len(exposures) == len(met) == 200
    assert {e.data["variant"] for e in exposures if e.data["experiment"] == "two"} == {
        "a",
        "b",
        "c",
    }


def test_events_are_of_the_usual_size() -> None:
    sizes = [len(raw) for raw in bulk()]

    assert 240 < sum(sizes) / len(sizes) < 300


def test_a_seed_gives_the_same_events_and_a_series_can_go_on() -> None:
    following = {decode(raw, now_us=NOW_US).id for raw in bulk(first_id=2_000)}

    assert bulk() == bulk()
    assert not following & {decode(raw, now_us=NOW_US).id for raw in bulk()}


@pytest.mark.parametrize("count", [0, 1, 150, 200])
def test_no_more_events_are_made_than_were_asked_for(count: int) -> None:
    assert len(bulk(count)) == count


def test_numbers_that_would_be_cut_to_the_same_id_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^numbers: "):
        bulk(1, first_id=10**16)
