"""Batches: when history is needed, what changes, and what cancels."""

from itertools import permutations

import pytest

from attribution.backfill import ReadHistory, build_in
from attribution.definitions import Definition
from attribution.fold import HomeBatch, fold, needs_history
from attribution.increments import Increments
from attribution.index import DefinitionIndex
from attribution.units import HomeState, unpack
from inference.moments import Moments
from schemas.events import Event
from schemas.resources import MetricKind
from tests.attribution.company import DAY, defined, event, exposure, metric, streamed
from tests.attribution.deliveries import Stream


def folded_alone(definition: Definition, *events: Event) -> bytes:
    """The state of acme after one first batch."""
    index = DefinitionIndex([definition])
    return fold(index, {"acme": HomeBatch(packed=None, events=events)}).states["acme"]


def wants_history(definition: Definition, packed: bytes | None, *events: Event) -> bool:
    return needs_history(DefinitionIndex([definition]), "acme", packed, events)


# What needs history


def test_only_an_event_that_moves_a_first_exposure_needs_history() -> None:
    definition = defined()
    packed = folded_alone(definition, exposure("mail", 5))

    assert wants_history(definition, packed, exposure("mail", 4))
    assert not wants_history(definition, packed, exposure("call", 6))
    assert not wants_history(definition, packed, event("lead.accepted", 4))
    assert not wants_history(definition, packed, exposure("phone", 4))
    assert not wants_history(definition, packed, exposure("call", -1))
    assert not wants_history(definition, packed)


def test_at_equal_times_source_and_id_decide_whether_history_is_needed() -> None:
    definition = defined()
    packed = folded_alone(definition, exposure("mail", 5, source="m", id="5"))

    assert wants_history(definition, packed, exposure("mail", 5, source="m", id="4"))
    assert not wants_history(definition, packed, exposure("mail", 5, source="m", id="6"))


def test_the_first_exposure_of_another_contact_needs_history() -> None:
    definition = defined(unit="contact")
    packed = folded_alone(definition, exposure("mail", 5, account="acme", contact="ada"))

    assert wants_history(definition, packed, exposure("mail", 6, account="acme", contact="ben"))
    assert not wants_history(definition, packed, exposure("call", 6, account="acme", contact="ada"))


def test_the_first_exposure_to_a_new_definition_needs_history() -> None:
    packed = folded_alone(defined(number=1), exposure("mail", 5))

    assert wants_history(defined(number=2), packed, exposure("mail", 6))
    assert wants_history(defined(number=2), None, exposure("mail", 6))


def test_history_that_is_needed_and_missing_is_an_error() -> None:
    definition = defined()
    packed = folded_alone(definition, exposure("mail", 5))
    batch = HomeBatch(packed, [exposure("mail", 4)])

    with pytest.raises(ValueError, match="history: required"):
        fold(DefinitionIndex([definition]), {"acme": batch})


def test_events_of_a_standing_exposure_read_no_history() -> None:
    later = [event("lead.accepted", hour) for hour in range(2, 8)]

    stream = streamed(defined(), exposure("mail"), *later, exposure("call", 9))

    assert stream.histories_read == 0


# What changes


def test_a_home_that_no_experiment_knows_still_gets_a_state() -> None:
    folded = fold(DefinitionIndex([]), {"acme": HomeBatch(None, [event("lead.accepted")])})

    assert unpack(folded.states["acme"]) == HomeState(entries={})
    assert folded.increments.cells == {}


def test_an_event_that_touches_nothing_changes_no_state() -> None:
    definition = defined()
    packed = folded_alone(definition, exposure("mail"))

    folded = fold(
        DefinitionIndex([definition]),
        {"acme": HomeBatch(packed, [event("engagement.page.viewed", 2)])},
    )

    assert folded.states == {}
    assert folded.increments == Increments()


def test_an_outcome_that_stays_as_it_was_cancels_to_nothing() -> None:
    definition = defined(metric(MetricKind.CONVERSION))
    packed = folded_alone(definition, exposure("mail"), event("lead.accepted", 2))

    folded = fold(
        DefinitionIndex([definition]), {"acme": HomeBatch(packed, [event("lead.accepted", 3)])}
    )

    assert folded.increments.cells == {}
    assert folded.increments.cohorts == {}


def test_a_unit_that_becomes_mixed_takes_its_outcome_out() -> None:
    definition = defined()
    packed = folded_alone(definition, exposure("mail"), event("lead.accepted", 2))

    folded = fold(DefinitionIndex([definition]), {"acme": HomeBatch(packed, [exposure("call", 3)])})

    (cell,) = folded.increments.cells.values()
    assert cell.moments == -Moments.of_outcome(1)
    (counts,) = folded.increments.cohorts.values()
    assert (counts.units, counts.mixed, counts.exposures) == (0, 1, 1)


def test_homes_are_folded_apart() -> None:
    definition = defined()
    batch = {name: HomeBatch(None, [exposure("mail", account=name)]) for name in ("acme", "bolt")}

    folded = fold(DefinitionIndex([definition]), batch)

    assert folded.states.keys() == {"acme", "bolt"}
    (counts,) = folded.increments.cohorts.values()
    assert counts.units == 2


def test_one_batch_or_many_leave_the_same() -> None:
    events = (exposure("mail", 3), event("lead.accepted", 4), exposure("mail", 2), exposure("?", 1))
    definition = defined()
    at_once = Stream()
    at_once.activate([definition])

    at_once.deliver(events)

    for order in permutations(events):
        stream = streamed(definition, *order)
        assert stream.totals == at_once.totals
        assert stream.entries == at_once.entries


def test_an_event_that_comes_twice_counts_once() -> None:
    accepted = event("lead.accepted", 2)

    stream = streamed(defined(), exposure("mail"), accepted, accepted)

    assert stream.totals.moments == {(1, 0, 0, DAY): (1, 1, 1, *[0] * 10)}


# Definitions that come and go


def test_a_retired_definition_leaves_the_state_when_its_home_is_next_touched() -> None:
    retired, standing = defined(number=1), defined(number=2)
    stream = Stream()
    stream.activate([retired, standing])
    stream.deliver([exposure("mail")])

    stream.activate([standing])
    stream.deliver([event("engagement.page.viewed", 2)])

    assert unpack(stream.states["acme"]).entries.keys() == {2}
    assert {definition for definition, *_ in stream.totals.cohorts} == {2}


def test_a_definition_built_twice_counts_once() -> None:
    standing, added = defined(number=1), defined(number=2)
    stream = Stream()
    stream.activate([standing])
    stream.deliver([exposure("mail"), event("lead.accepted", 2)])
    stream.activate([standing, added])

    stream.build(added, ["acme"])
    once = stream.totals
    stream.build(added, ["acme"])

    assert stream.totals == once
    assert once.moments[2, 0, 0, DAY] == once.moments[1, 0, 0, DAY]


def test_building_a_definition_that_never_met_a_home_changes_nothing() -> None:
    packed = folded_alone(defined(), exposure("mail"))
    increments = Increments()
    other = defined(number=2, key="other")

    read = ReadHistory([exposure("mail")])
    assert build_in(other, "acme", packed, read, increments) is None
    assert increments == Increments()


# Contacts that move


def test_a_contact_takes_its_exposure_along_to_its_account() -> None:
    definition = defined()
    stream = streamed(definition, exposure("mail", contact="ada"))
    assert stream.totals.strays == {(1, "no unit"): 1}

    stream.deliver([event("lead.accepted", 2)], moves={"ada": "acme"})

    assert stream.totals.strays == {}
    assert stream.totals.cohorts == {(1, 0, DAY): (1, 0, 1)}
    assert stream.totals.moments == {(1, 0, 0, DAY): (1, 1, 1, *[0] * 10)}


def test_a_contact_that_leaves_an_account_leaves_what_is_not_its_own() -> None:
    stream = streamed(
        defined(), event("lead.accepted", 2), event("lead.accepted", 2, account="bolt")
    )
    stream.deliver([], moves={"ada": "acme"})
    stream.deliver([exposure("mail", contact="ada"), exposure("mail", 3)])

    stream.deliver([], moves={"ada": "bolt"})

    assert stream.totals.cohorts == {(1, 0, DAY): (2, 0, 2)}
    assert stream.totals.moments == {(1, 0, 0, DAY): (2, 1, 1, *[0] * 10)}
