"""The value of the deals that stand as won when the window ends."""

from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from attribution.definitions import Definition
from attribution.increments import CellIncrement
from attribution.money import Rate, Rates
from inference.moments import Moments
from schemas.events import Event
from schemas.resources import Condition, MetricKind
from tests.attribution.company import DAY, defined, event, exposure, metric, outcome, outcomes

DEAL_VALUE = metric(MetricKind.LATEST_DEAL_VALUE, ("deal.*",))


def deal(verb: str, hour: float, euros: int | None = None, **fields: Any) -> Event:
    money = {} if euros is None else {"amount": euros * 100, "currency": "EUR"}
    return event(f"deal.{verb}", hour, **{"deal": "d1", **money, **fields})


def value(*events: Event, definition: Definition | None = None) -> tuple[int, int]:
    """Outcome in cents and whether it is incomplete; acme is exposed at hour 1, for ten hours.

    The same in every order of arrival, or it is no outcome.
    """
    known = definition or defined(DEAL_VALUE)
    everything = (exposure("mail", 1), *events)
    found = {
        (cell.moments.sum_y, cell.incomplete)
        for order in permutations(everything)
        for cell in [outcome(known, *order)]
    }
    (only,) = found
    return only


def test_a_won_deal_is_worth_its_latest_amount() -> None:
    assert value(deal("created", 2, 100), deal("amount_changed", 3, 300), deal("won", 4)) == (
        30_000,
        0,
    )
    assert value(deal("won", 4, 250), deal("created", 2, 100)) == (25_000, 0)


def test_an_amount_corrected_after_the_win_counts_until_the_window_ends() -> None:
    won = deal("won", 2, 100)

    assert value(won, deal("amount_changed", 10.9, 80)) == (8_000, 0)
    assert value(won, deal("amount_changed", 11, 80)) == (10_000, 0)


def test_an_amount_from_before_the_exposure_is_known() -> None:
    assert value(deal("created", -500, 100), deal("won", 2)) == (10_000, 0)


def test_an_open_or_lost_deal_is_worth_nothing() -> None:
    assert value(deal("created", 2, 100)) == (0, 0)
    assert value(deal("created", 2, 100), deal("lost", 3)) == (0, 0)


@pytest.mark.parametrize(("verb", "cents"), [("lost", 0), ("reopened", 0), ("won", 10_000)])
def test_the_last_verdict_in_the_window_decides(verb: str, cents: int) -> None:
    assert value(deal("won", 2, 100), deal(verb, 3)) == (cents, 0)
    assert value(deal("won", 2, 100), deal(verb, 11)) == (10_000, 0)


def test_a_deal_that_was_lost_can_still_be_won() -> None:
    assert value(deal("lost", 2, 100), deal("reopened", 3), deal("won", 4)) == (10_000, 0)


def test_of_two_verdicts_at_one_time_the_greater_source_and_id_is_the_last() -> None:
    won = deal("won", 3, 100, source="crm", id="2")

    assert value(won, deal("lost", 3, source="crm", id="1")) == (10_000, 0)
    assert value(won, deal("lost", 3, source="crm", id="3")) == (0, 0)
    assert value(won, deal("lost", 3, source="erp", id="1")) == (0, 0)


def test_of_two_amounts_at_one_time_the_greater_source_and_id_is_the_last() -> None:
    won = deal("won", 3, 100, source="crm", id="2")

    assert value(won, deal("amount_changed", 3, 70, source="crm", id="1")) == (10_000, 0)
    assert value(won, deal("amount_changed", 3, 70, source="crm", id="3")) == (7_000, 0)
    assert value(won, deal("amount_changed", 3, 70, source="erp", id="1")) == (7_000, 0)


def test_a_win_at_the_exposure_counts_and_one_before_it_does_not() -> None:
    assert value(deal("won", 1, 100)) == (10_000, 0)
    assert value(deal("won", 1, 100, off_us=-1)) == (0, 0)


def test_a_win_at_the_end_of_the_window_does_not_count() -> None:
    assert value(deal("won", 11, 100, off_us=-1)) == (10_000, 0)
    assert value(deal("won", 11, 100)) == (0, 0)


def test_a_deal_won_before_and_again_after_the_exposure_counts() -> None:
    assert value(deal("won", 0, 100), deal("reopened", 2), deal("won", 3)) == (10_000, 0)


def test_a_won_deal_without_known_amount_adds_nothing_and_says_so() -> None:
    assert value(deal("won", 2)) == (0, 1)
    assert value(deal("won", 2), deal("won", 3, 50, deal="d2")) == (5_000, 1)


def test_an_open_deal_without_known_amount_leaves_nothing_open() -> None:
    assert value(deal("created", 2), deal("lost", 3)) == (0, 0)


def test_each_deal_counts_once() -> None:
    assert value(deal("won", 2, 100), deal("won", 3, 40, deal="d2")) == (14_000, 0)
    assert value(deal("won", 2, 100), deal("won", 3, 40)) == (4_000, 0)


def test_only_events_that_pass_the_filter_speak_of_a_deal() -> None:
    in_spring = defined(
        metric(
            MetricKind.LATEST_DEAL_VALUE,
            ("deal.*",),
            where=(Condition(field="campaign", value="spring"),),
        )
    )

    found = value(
        deal("won", 2, 100, campaign="spring"),
        deal("won", 3, 100, deal="d2"),
        deal("lost", 4, campaign="fall"),
        definition=in_spring,
    )

    assert found == (10_000, 0)


def test_amounts_are_converted_by_the_rate_of_the_day_they_were_named() -> None:
    days = {date(2025, 1, 1): "0.5", date(2025, 3, 4): "0.9"}
    rates = Rates(
        "EUR", [Rate("USD", d, Decimal(r)) for d, r in days.items()], {"EUR": 2, "USD": 2}
    )
    definition = defined(metric(MetricKind.LATEST_DEAL_VALUE, ("deal.*",), key="v"), rates=rates)
    named_early = deal("created", 2, amount=301, currency="USD")
    exposed = exposure("mail", 20)

    assert outcome(definition, exposed, named_early, deal("won", 25)).moments.sum_y == 150
    assert (
        outcome(
            definition, exposed, named_early, deal("won", 25, amount=301, currency="USD")
        ).moments.sum_y
        == 271
    )


def test_an_amount_that_no_rate_reaches_leaves_the_outcome_incomplete() -> None:
    in_dollars = deal("won", 2, amount=100, currency="USD")

    assert value(in_dollars) == (0, 1)
    assert value(in_dollars, deal("amount_changed", 3, 90)) == (9_000, 0)


def test_a_newer_amount_that_cannot_be_read_does_not_leave_the_old_one_standing() -> None:
    assert value(deal("created", 2, 100), deal("won", 3, amount=10**13 + 1)) == (0, 1)


def test_the_covariate_is_the_value_won_before_the_exposure() -> None:
    definition = defined(DEAL_VALUE, covariate_hours=5)

    def covariate(*events: Event) -> CellIncrement:
        return outcome(definition, exposure("mail", 1), *events)

    assert covariate(deal("won", 0, 7)).moments == Moments.of_outcome(y=0, x=700)
    assert covariate(deal("won", 1, 7, off_us=-1)).moments.sum_x == 700
    assert covariate(deal("won", 1, 7)).moments == Moments.of_outcome(y=700, x=0)
    assert covariate(deal("won", -4, 7)).moments.sum_x == 700
    assert covariate(deal("won", -4, 7, off_us=-1)).moments.sum_x == 0
    assert covariate(deal("created", -90, 7), deal("won", 0)).moments.sum_x == 700
    assert covariate(deal("won", 0, 7), deal("lost", 0.5)).moments.sum_x == 0
    assert covariate(deal("won", 0, 7), deal("lost", 2)).moments.sum_x == 700
    assert covariate(deal("won", 0)).incomplete == 0


def test_a_deal_won_before_and_corrected_after_is_covariate_at_its_old_amount() -> None:
    definition = defined(DEAL_VALUE, covariate_hours=5)

    cell = outcome(definition, exposure("mail"), deal("won", 0, 7), deal("amount_changed", 2, 9))

    assert cell.moments == Moments.of_outcome(y=0, x=700)


# Experiments by contact


def by_contact(*events: Event) -> dict[tuple[int, int], int]:
    definition = defined(DEAL_VALUE, unit="contact")
    found = {
        frozenset((key, cell.moments.sum_y) for key, cell in outcomes(definition, *order).items())
        for order in permutations(events)
    }
    (only,) = found
    return dict(only)


def shown(contact: str, variant: str, hour: float, **fields: Any) -> Event:
    return exposure(variant, hour, account="acme", contact=contact, **fields)


def test_a_deal_is_credited_to_the_contact_exposed_first() -> None:
    won = deal("won", 5, 100, account="acme", contact="ben")

    found = by_contact(shown("ada", "mail", 1), shown("ben", "call", 2), won)

    assert found == {(0, DAY): 10_000, (1, DAY): 0}


def test_of_contacts_exposed_by_events_of_one_time_the_smaller_event_decides() -> None:
    won = deal("won", 5, 100, account="acme")

    found = by_contact(
        shown("ada", "mail", 1, source="z", id="1"),
        shown("ben", "call", 1, source="a", id="2"),
        won,
    )

    assert found == {(0, DAY): 0, (1, DAY): 10_000}


def test_a_contact_exposed_earlier_takes_the_deals_over_when_it_becomes_known() -> None:
    late = [shown("ben", "call", 2), deal("won", 5, 100, account="acme")]

    before = by_contact(*late)
    after = by_contact(*late, shown("ada", "mail", 1))

    assert before == {(1, DAY): 10_000}
    assert after == {(0, DAY): 10_000, (1, DAY): 0}


def test_a_deal_stays_with_the_first_exposed_contact_when_that_one_is_mixed() -> None:
    won = deal("won", 5, 100, account="acme")

    found = by_contact(
        shown("ada", "mail", 1), shown("ada", "call", 3), shown("ben", "call", 2), won
    )

    assert found == {(1, DAY): 0}


def test_a_deal_of_another_account_is_not_credited() -> None:
    found = by_contact(shown("ada", "mail", 1), deal("won", 5, 100, account="bolt", contact="ada"))

    assert found == {(0, DAY): 0}
