"""From stored totals to observations: maturity by whole days, units by variant, money in steps."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from api.observations import incomplete_units, is_mature, observations_of, plan_of
from attribution.increments import Cell, CellIncrement, Cohort, CohortCounts, Uncapped
from attribution.units import Stray
from inference.moments import Moments
from inference.plan import ArmCounts, MetricMoments, UncappedMoments
from schemas.resources import (
    EventFilter,
    ExperimentDraft,
    Measure,
    Metric,
    MetricKind,
    MetricUse,
    Side,
    Variant,
)
from storage.definitions import DefinitionBody
from storage.readings import ExperimentTotals

DAY = (date(2026, 3, 1) - date(1970, 1, 1)).days
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)


def metric(key: str, *, kind: MetricKind, value: str | None, types: str, scale: int = 0) -> Metric:
    return Metric(
        key=key,
        name=key,
        meaning=key,
        owner=Side.SALES,
        kind=kind,
        measure=Measure(filter=EventFilter(types=(types,)), value=value, scale=scale),
        window=timedelta(days=14),
        version=1,
        created_at=MIDNIGHT,
    )


BODY = DefinitionBody(
    experiment=ExperimentDraft(
        key="offer",
        name="Offer",
        hypothesis="none",
        owner=Side.SALES,
        variants=(Variant(key="a", control=True, weight=Decimal(3)), Variant(key="b")),
        metrics=(MetricUse(metric="value"), MetricUse(metric="score", role="secondary")),
        starts_at=MIDNIGHT,
        planned_units=100,
    ),
    metrics={
        "value": metric("value", kind=MetricKind.LATEST_DEAL_VALUE, value=None, types="deal.*"),
        "score": metric(
            "score", kind=MetricKind.SUM, value="data.score", types="lead.created", scale=3
        ),
    },
    reporting_currency="JPY",
    rates=(),
)


def totals(
    cells: dict[Cell, CellIncrement] | None = None,
    cohorts: dict[Cohort, CohortCounts] | None = None,
) -> ExperimentTotals:
    return ExperimentTotals(
        definition_id=1,
        epoch=1,
        body=BODY,
        is_built=True,
        is_rebuilding=False,
        homes_built=0,
        homes=0,
        cells=cells or {},
        cohorts=cohorts or {},
        strays={Stray.NO_UNIT: 1},
        deliveries=(),
    )


@pytest.mark.parametrize(
    ("at", "mature"),
    [
        (datetime(2026, 3, 15, 23, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 16, tzinfo=UTC), True),
    ],
)
def test_a_day_is_mature_once_its_last_unit_has_passed_its_window(
    at: datetime, *, mature: bool
) -> None:
    assert is_mature(DAY, timedelta(days=14), at) is mature


def test_sums_are_split_into_mature_and_still_open_over_all_days() -> None:
    cells = {
        Cell(1, 0, 1, DAY): CellIncrement(Moments.of_outcome(5), 0),
        Cell(1, 0, 1, DAY + 1): CellIncrement(Moments.of_outcome(7), 0),
        Cell(1, 0, 1, DAY + 9): CellIncrement(Moments.of_outcome(11), 0),
    }

    found = observations_of(totals(cells), now=MIDNIGHT + timedelta(days=16))

    assert found.moments == {
        ("b", "value"): MetricMoments(
            Moments.of_outcome(5) + Moments.of_outcome(7),
            Moments.of_outcome(11),
            weeks={0: Moments.of_outcome(5) + Moments.of_outcome(7)},
        )
    }


def test_weeks_count_from_the_first_exposure_and_hold_mature_units_only() -> None:
    cohorts = {Cohort(1, 0, DAY): CohortCounts(units=1, mixed=0, exposures=1)}
    cells = {
        Cell(1, 0, 1, day): CellIncrement(Moments.of_outcome(value), 0)
        for day, value in ((DAY + 6, 5), (DAY + 7, 7), (DAY + 13, 11), (DAY + 14, 13))
    }

    found = observations_of(totals(cells, cohorts), now=MIDNIGHT + timedelta(days=28))

    assert found.moments["b", "value"].weeks == {
        0: Moments.of_outcome(5),
        1: Moments.of_outcome(7) + Moments.of_outcome(11),
    }


def test_limits_looks_and_the_error_rate_are_as_registered() -> None:
    uses = (
        MetricUse(metric="value", equivalence=Decimal("2.5")),
        MetricUse(metric="score", role="guardrail", margin=Decimal("0.5")),
    )
    changes = {
        "metrics": uses,
        "alpha": Decimal("0.1"),
        "looks": (Decimal("0.5"), Decimal(1)),
        "ends_at": MIDNIGHT + timedelta(days=30),
    }
    body = replace(BODY, experiment=BODY.experiment.model_copy(update=changes))

    plan = plan_of(body)

    assert [(m.equivalence, m.margin) for m in plan.metrics] == [(2.5, None), (None, 0.5)]
    assert (plan.alpha, plan.looks) == (0.1, (0.5, 1.0))
    assert plan.ends_at == MIDNIGHT + timedelta(days=30)


def test_units_are_counted_by_variant_and_by_day_without_mixed_ones() -> None:
    cohorts = {
        Cohort(1, 0, DAY): CohortCounts(units=10, mixed=1, exposures=12),
        Cohort(1, 0, DAY + 1): CohortCounts(units=2, mixed=0, exposures=2),
        Cohort(1, 1, DAY + 1): CohortCounts(units=3, mixed=3, exposures=6),
    }

    found = observations_of(totals(cohorts=cohorts), now=MIDNIGHT)

    assert found.units == {"a": ArmCounts(exposed=11, mixed=1), "b": ArmCounts(exposed=0, mixed=3)}
    assert found.exposed_by_day == {date(2026, 3, 1): {"a": 9}, date(2026, 3, 2): {"a": 2}}
    assert found.exposed_since == MIDNIGHT


def test_nothing_counted_is_no_exposure() -> None:
    assert observations_of(totals(), now=MIDNIGHT).exposed_since is None


def test_money_is_in_minor_units_of_the_reporting_currency_and_sums_in_their_own_scale() -> None:
    value, score = plan_of(BODY).metrics

    assert (value.currency, value.scale) == ("JPY", 0)  # the yen has no minor unit
    assert (score.currency, score.scale) == (None, 3)


def test_weights_and_the_control_are_as_registered() -> None:
    arms = plan_of(BODY).arms

    assert [(a.variant, a.weight, a.is_control) for a in arms] == [("a", 3, True), ("b", 1, False)]


def test_outcomes_with_a_part_that_could_not_be_read_are_counted() -> None:
    cells = {
        Cell(1, 1, 0, DAY): CellIncrement(Moments.of_outcome(5), 1),
        Cell(1, 1, 0, DAY + 1): CellIncrement(Moments.of_outcome(5), 2),
        Cell(1, 0, 1, DAY): CellIncrement(Moments.of_outcome(5), 0),
    }

    assert incomplete_units(totals(cells)) == {("a", "score"): 3}


def test_a_capped_metric_keeps_its_figures_as_they_were() -> None:
    capped = MetricUse(metric="value", cap=Decimal(100))
    body = replace(BODY, experiment=BODY.experiment.model_copy(update={"metrics": (capped,)}))
    cells = {
        Cell(1, 0, 1, DAY): CellIncrement(Moments.of_outcome(100), 0, Uncapped(1, 900, 810_000)),
        Cell(1, 0, 1, DAY + 1): CellIncrement(Moments.of_outcome(7), 0, Uncapped(0, 7, 49)),
    }

    found = observations_of(replace(totals(cells), body=body), now=MIDNIGHT + timedelta(days=30))

    assert found.moments["b", "value"].uncapped == UncappedMoments(
        1, Moments.of_outcome(900) + Moments.of_outcome(7)
    )
