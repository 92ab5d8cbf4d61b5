"""Outcomes above a cap count as the cap; what they were stays beside the moments."""

from decimal import Decimal

from attribution.increments import CellIncrement, Uncapped
from inference.moments import Moments
from schemas.resources import MetricKind
from tests.attribution.company import defined, event, exposure, metric, outcome, outcomes, streamed

SCORE = metric(MetricKind.SUM, value="data.score", scale=2)
DEALS = metric(MetricKind.LATEST_DEAL_VALUE, ("deal.*",))


def test_an_outcome_above_the_cap_counts_as_the_cap_and_is_counted() -> None:
    definition = defined(metric(MetricKind.COUNT), cap=Decimal(2))
    accepted = [event("lead.accepted", hour) for hour in (2, 3, 4)]

    cell = outcome(definition, exposure("mail"), *accepted)

    assert cell == CellIncrement(Moments.of_outcome(2), 0, Uncapped(units=1, sum_y=3, sum_yy=9))


def test_an_outcome_of_exactly_the_cap_is_not_capped() -> None:
    definition = defined(SCORE, cap=Decimal("12.5"))

    cell = outcome(definition, exposure("mail"), event("lead.accepted", 2, data={"score": 12.5}))

    assert cell.moments == Moments.of_outcome(1_250)
    assert cell.uncapped == Uncapped(units=0, sum_y=1_250, sum_yy=1_562_500)


def test_one_step_above_the_cap_is_capped() -> None:
    definition = defined(SCORE, cap=Decimal("12.5"))

    cell = outcome(definition, exposure("mail"), event("lead.accepted", 2, data={"score": 12.51}))

    assert cell.moments == Moments.of_outcome(1_250)
    assert cell.uncapped == Uncapped(units=1, sum_y=1_251, sum_yy=1_565_001)


def test_a_cap_holds_for_the_covariate_too_which_counts_as_no_capped_unit() -> None:
    definition = defined(SCORE, cap=Decimal(3), covariate_hours=5)
    events = [event("lead.accepted", hour, data={"score": 4}) for hour in (0, 2)]

    before = outcome(definition, exposure("mail"), events[0])
    both = outcome(definition, exposure("mail"), *events)

    assert before == CellIncrement(Moments.of_outcome(0, x=300), 0, Uncapped(0, 0, 0))
    assert both == CellIncrement(Moments.of_outcome(300, x=300), 0, Uncapped(1, 400, 160_000))


def test_a_cap_cuts_nothing_below_zero() -> None:
    cell = outcome(
        defined(SCORE, cap=Decimal(1)),
        exposure("mail"),
        event("lead.accepted", 2, data={"score": -7}),
    )

    assert cell == CellIncrement(Moments.of_outcome(-700), 0, Uncapped(0, -700, 490_000))


def test_the_cap_on_deals_is_on_what_the_unit_is_worth_in_the_reporting_currency() -> None:
    won = [event("deal.won", 2, deal=d, amount=600, currency="EUR") for d in ("d1", "d2")]

    cell = outcome(defined(DEALS, cap=Decimal(10)), exposure("mail"), *won)

    assert cell == CellIncrement(Moments.of_outcome(1_000), 0, Uncapped(1, 1_200, 1_440_000))


def test_a_unit_that_falls_below_the_cap_again_is_capped_no_more() -> None:
    won = event("deal.won", 2, deal="d1", amount=1_200, currency="EUR")
    corrected = event("deal.amount_changed", 3, deal="d1", amount=900, currency="EUR")

    cell = outcome(defined(DEALS, cap=Decimal(10)), exposure("mail"), won, corrected)

    assert cell == CellIncrement(Moments.of_outcome(900), 0, Uncapped(0, 900, 810_000))


def test_uncapped_sums_are_those_of_all_units_of_the_variant() -> None:
    definition = defined(metric(MetricKind.COUNT), cap=Decimal(1))
    events = [
        *(exposure("mail", account=account) for account in ("acme", "bolt", "mira")),
        *(event("lead.accepted", hour) for hour in (2, 3, 4)),
        event("lead.accepted", 2, account="bolt"),
    ]

    (cell,) = outcomes(definition, *events).values()

    assert cell.moments == Moments(n=3, sum_y=2, sum_yy=2)
    assert cell.uncapped == Uncapped(units=1, sum_y=4, sum_yy=10)


def test_a_mixed_unit_leaves_the_uncapped_sums_as_well() -> None:
    definition = defined(metric(MetricKind.COUNT), cap=Decimal(1))
    accepted = [event("lead.accepted", hour) for hour in (2, 3)]

    stream = streamed(definition, exposure("mail"), *accepted, exposure("call", 4))

    assert stream.totals.moments == {}


def test_without_a_cap_nothing_is_kept_beside_the_moments() -> None:
    accepted = [event("lead.accepted", hour) for hour in (2, 3)]

    cell = outcome(defined(metric(MetricKind.COUNT)), exposure("mail"), *accepted)

    assert cell.uncapped == Uncapped(0, 0, 0)
