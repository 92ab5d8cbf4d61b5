"""Which events expose a unit, which one is its first, and what becomes of all others."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from attribution.definitions import Definition
from schemas.events import Event
from schemas.resources import Condition, EventFilter, MatchingExposure, Variant
from tests.attribution.company import (
    DAY,
    STARTS_AT,
    defined,
    event,
    exposure,
    outcome,
    outcomes,
    streamed,
)

MAIL, CALL = 0, 1


def cohorts(definition: Definition, *events: Event) -> dict[tuple[int, int], tuple[int, ...]]:
    """(units, mixed, exposure events) by (variant, day)."""
    found = streamed(definition, *events).totals.cohorts
    return {(variant, day): counts for (_, variant, day), counts in found.items()}


def strays(definition: Definition, *events: Event) -> dict[str, int]:
    found = streamed(definition, *events).totals.strays
    return {reason: count for (_, reason), count in found.items()}


def matching(variant_from: str = "content", **fields: Any) -> MatchingExposure:
    wanted = EventFilter(types=("engagement.email.sent",), where=fields.pop("where", ()))
    return MatchingExposure(filter=wanted, variant_from=variant_from, **fields)


def sent(content: str | None, hour: float = 1, **fields: Any) -> Event:
    return event("engagement.email.sent", hour, content=content, **fields)


# The period


def test_an_exposure_at_the_very_start_counts_and_one_before_is_stray() -> None:
    assert cohorts(defined(), exposure("mail", 0)) == {(MAIL, DAY): (1, 0, 1)}
    assert cohorts(defined(), exposure("mail", 0, off_us=-1)) == {}
    assert strays(defined(), exposure("mail", 0, off_us=-1)) == {"outside period": 1}


def test_an_exposure_at_the_very_end_is_stray_and_one_before_counts() -> None:
    ends_at_four = defined(ends_at=STARTS_AT + timedelta(hours=4))

    assert cohorts(ends_at_four, exposure("mail", 4, off_us=-1)) == {(MAIL, DAY): (1, 0, 1)}
    assert cohorts(ends_at_four, exposure("mail", 4)) == {}
    assert strays(ends_at_four, exposure("mail", 4)) == {"outside period": 1}


def test_without_an_end_the_period_goes_on() -> None:
    assert cohorts(defined(), exposure("call", 24 * 365)) == {(CALL, DAY + 365): (1, 0, 1)}


def test_a_unit_belongs_to_the_day_in_utc_of_its_exposure() -> None:
    assert cohorts(defined(), exposure("mail", 24, off_us=-1)) == {(MAIL, DAY): (1, 0, 1)}
    assert cohorts(defined(), exposure("mail", 24)) == {(MAIL, DAY + 1): (1, 0, 1)}


# First exposure and mixed units


def in_every_order(events: Iterable[Event]) -> list[tuple[Event, ...]]:
    return list(permutations(events))


def test_the_earliest_exposure_is_the_first_in_whatever_order_they_come() -> None:
    events = (exposure("call", 5), exposure("mail", 3), exposure("call", 30))

    for order in in_every_order(events):
        assert cohorts(defined(), *order) == {(MAIL, DAY): (1, 1, 3)}


def test_at_equal_times_the_smaller_source_is_first() -> None:
    events = (
        exposure("call", source="crm", id="1"),
        exposure("mail", source="ads", id="2"),
    )

    for order in in_every_order(events):
        assert cohorts(defined(), *order) == {(MAIL, DAY): (1, 1, 2)}


def test_at_equal_times_of_one_source_the_smaller_id_is_first() -> None:
    events = (exposure("mail", id="9"), exposure("call", id="10"))

    for order in in_every_order(events):
        assert cohorts(defined(), *order) == {(CALL, DAY): (1, 1, 2)}, "ids are texts"


def test_meeting_the_same_variant_again_is_not_mixed() -> None:
    assert cohorts(defined(), exposure("mail", 1), exposure("mail", 50)) == {(MAIL, DAY): (1, 0, 2)}


def test_a_mixed_unit_is_counted_and_left_out_of_the_moments() -> None:
    accepted = event("lead.accepted", 2)
    events = (exposure("mail", 1), accepted, exposure("call", 3))

    for order in in_every_order(events):
        assert cohorts(defined(), *order) == {(MAIL, DAY): (1, 1, 2)}
        assert outcomes(defined(), *order) == {}


def test_another_variant_outside_the_period_does_not_make_a_unit_mixed() -> None:
    ends_at_four = defined(ends_at=STARTS_AT + timedelta(hours=4))
    events = (exposure("call", -1), exposure("mail", 1), exposure("call", 4))

    for order in in_every_order(events):
        assert cohorts(ends_at_four, *order) == {(MAIL, DAY): (1, 0, 1)}
        assert strays(ends_at_four, *order) == {"outside period": 2}


def test_a_late_earlier_exposure_takes_the_unit_to_its_variant_day_and_window() -> None:
    accepted_early, accepted_late = event("lead.accepted", 21), event("lead.accepted", 33)
    second, first = exposure("mail", 25), exposure("mail", 20)

    before = outcomes(defined(), second, accepted_early, accepted_late)
    after = outcomes(defined(), second, accepted_early, accepted_late, first)

    assert [(key, cell.moments.sum_y) for key, cell in before.items()] == [((MAIL, DAY + 1), 1)]
    assert [(key, cell.moments.sum_y) for key, cell in after.items()] == [((MAIL, DAY), 1)]


# Assignment exposures


def test_an_exposure_of_another_experiment_is_nothing_to_this_one() -> None:
    other = exposure("mail", data={"experiment": "mail-first", "variant": "mail"})

    assert cohorts(defined(), other) == {}
    assert strays(defined(), other) == {}


@pytest.mark.parametrize("variant", ["phone", "Mail", "", 0, 1, True, None, ["mail"], {"key": 1}])
def test_an_unknown_variant_is_a_stray(variant: Any) -> None:
    assert cohorts(defined(), exposure(variant)) == {}
    assert strays(defined(), exposure(variant)) == {"unknown variant": 1}


def test_an_absent_variant_is_not_the_variant_called_none() -> None:
    odd = defined(variants=(Variant(key="None", control=True), Variant(key="call")))
    absent = exposure("None", data={"experiment": "call-first"})

    assert cohorts(odd, exposure("None")) == {(0, DAY): (1, 0, 1)}
    assert strays(odd, absent) == {"unknown variant": 1}


def test_a_number_names_no_experiment_that_is_called_like_it() -> None:
    numbered = defined(key="7")
    right = exposure("mail", data={"experiment": "7", "variant": "mail"})
    wrong = exposure("mail", data={"experiment": 7, "variant": "mail"})

    assert cohorts(numbered, right) == {(MAIL, DAY): (1, 0, 1)}
    assert cohorts(numbered, wrong) == {}
    assert numbered.exposure.is_exposure(wrong) is False


# Matching rules


def test_a_matching_event_exposes_to_the_variant_that_its_field_names() -> None:
    definition = defined(exposure=matching())

    assert cohorts(definition, sent("call")) == {(CALL, DAY): (1, 0, 1)}
    assert strays(definition, sent("letter"), sent(None)) == {"unknown variant": 2}
    assert cohorts(definition, exposure("call")) == {}, "it has no part in this experiment"


def test_a_map_turns_values_into_variants_and_is_the_only_way() -> None:
    mapped = defined(exposure=matching(variants={"A": "mail", "B": "call", "C": "call"}))

    assert cohorts(mapped, sent("A")) == {(MAIL, DAY): (1, 0, 1)}
    assert cohorts(mapped, sent("C")) == {(CALL, DAY): (1, 0, 1)}
    assert strays(mapped, sent("call")) == {"unknown variant": 1}


@pytest.mark.parametrize(
    ("value", "variant"), [(True, CALL), (False, MAIL), (2, CALL), ("2", CALL), ("true", CALL)]
)
def test_a_map_names_values_as_json_writes_them(value: Any, variant: int) -> None:
    rule = matching("data.arm", variants={"true": "call", "false": "mail", "2": "call"})

    found = cohorts(defined(exposure=rule), event("engagement.email.sent", data={"arm": value}))

    assert found == {(variant, DAY): (1, 0, 1)}


def test_an_event_that_misses_a_condition_exposes_nobody() -> None:
    spring = matching(where=(Condition(field="campaign", value="spring"),))
    definition = defined(exposure=spring)

    assert cohorts(definition, sent("call", campaign="spring")) == {(CALL, DAY): (1, 0, 1)}
    assert cohorts(definition, sent("call", campaign="fall"), sent("call")) == {}
    assert strays(definition, sent("call", campaign="fall")) == {}


# Units


def test_an_account_is_one_unit_however_many_contacts_are_exposed() -> None:
    events = [exposure("mail", account="acme", contact=name) for name in ("ada", "ben")]

    assert cohorts(defined(), *events) == {(MAIL, DAY): (1, 0, 2)}


def test_each_contact_is_a_unit_in_an_experiment_by_contact() -> None:
    events = [exposure("mail", account="acme", contact=name) for name in ("ada", "ben")]

    assert cohorts(defined(unit="contact"), *events) == {(MAIL, DAY): (2, 0, 2)}


def test_contacts_of_one_account_in_two_variants_are_not_mixed() -> None:
    ada = exposure("mail", account="acme", contact="ada")
    ben = exposure("call", account="acme", contact="ben")

    assert cohorts(defined(unit="contact"), ada, ben) == {
        (MAIL, DAY): (1, 0, 1),
        (CALL, DAY): (1, 0, 1),
    }


def test_a_contact_without_an_account_is_no_unit_of_an_experiment_by_account() -> None:
    lone = exposure("mail", contact="ada")

    assert cohorts(defined(), lone) == {}
    assert strays(defined(), lone) == {"no unit": 1}
    assert cohorts(defined(unit="contact"), lone) == {(MAIL, DAY): (1, 0, 1)}


def test_an_exposure_of_a_whole_account_is_no_unit_of_an_experiment_by_contact() -> None:
    assert strays(defined(unit="contact"), exposure("mail", account="acme")) == {"no unit": 1}


def test_a_stray_is_counted_once_by_its_first_reason() -> None:
    early_and_unknown_and_lone = exposure("phone", -1, contact="ada")
    unknown_and_lone = exposure("phone", 1, contact="ada")

    assert strays(defined(), early_and_unknown_and_lone) == {"outside period": 1}
    assert strays(defined(), unknown_and_lone) == {"unknown variant": 1}


def test_strays_add_up_beside_units() -> None:
    events = (exposure("mail"), exposure("phone"), exposure("mail", -1), exposure("phone"))

    for order in in_every_order(events):
        assert strays(defined(), *order) == {"unknown variant": 2, "outside period": 1}
        assert cohorts(defined(), *order) == {(MAIL, DAY): (1, 0, 1)}


def test_own_events_of_a_contact_count_for_that_contact_alone() -> None:
    by_contact = defined(unit="contact")
    ada = exposure("mail", account="acme", contact="ada")
    ben = exposure("call", account="acme", contact="ben")
    accepted = event("lead.accepted", 2, account="acme", contact="ben")
    of_nobody = event("lead.accepted", 2, account="acme")

    found = outcomes(by_contact, ada, ben, accepted, of_nobody)

    assert {key: cell.moments.sum_y for key, cell in found.items()} == {
        (MAIL, DAY): 0,
        (CALL, DAY): 1,
    }


def test_events_of_every_contact_count_for_their_account() -> None:
    events = [event("lead.accepted", 2, account="acme", contact=name) for name in ("ada", "ben")]

    assert outcome(defined(), exposure("mail"), *events).moments.sum_y == 2
