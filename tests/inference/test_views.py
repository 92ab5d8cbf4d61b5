"""What stands beside a shown comparison decides nothing: beliefs, weeks, the uncapped figure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest
from scipy import stats

from inference.comparison import Comparison, NotComparable, Reason
from inference.evidence import Grade
from inference.moments import Moments
from inference.plan import (
    ArmCounts,
    ArmPlan,
    ExperimentPlan,
    MetricMoments,
    MetricPlan,
    Observations,
    UncappedMoments,
)
from inference.readings import read_experiment
from schemas.resources import MetricKind
from tests.inference.samples import moments_of

START = datetime(2024, 3, 1, tzinfo=UTC)
LATER = START + timedelta(days=60)
WINDOW = timedelta(days=14)
VALUE = MetricPlan(key="value", kind=MetricKind.SUM, window=WINDOW)
BOOKED = MetricPlan(key="booked", kind=MetricKind.CONVERSION, window=WINDOW)
ARMS = (ArmPlan(variant="plain", is_control=True), ArmPlan(variant="calls"))


def plan_of(metric: MetricPlan, arms: tuple[ArmPlan, ...] = ARMS, **changes) -> ExperimentPlan:
    return ExperimentPlan(key="k", arms=arms, metrics=(metric,), planned_units=400, **changes)


def read(plan: ExperimentPlan, cells: dict[str, MetricMoments], mixed: int = 0):
    observations = Observations(
        moments={(variant, plan.metrics[0].key): cell for variant, cell in cells.items()},
        units={variant: ArmCounts(cell.mature.n, mixed) for variant, cell in cells.items()},
        exposed_since=START,
    )
    return read_experiment(plan, observations, now=LATER)


def in_weeks(*weeks: list[int]) -> MetricMoments:
    sums = {number: moments_of(outcomes) for number, outcomes in enumerate(weeks)}
    return MetricMoments(sum(sums.values(), Moments.zero()), weeks=sums)


def drawn(mean: float, n: int = 60, seed: int = 1) -> list[int]:
    return np.random.default_rng(seed).normal(mean, 10, n).round().astype(int).tolist()


def test_the_belief_is_the_normal_posterior_under_the_registered_prior():
    plain, calls = drawn(100), drawn(110, seed=2)

    reading = read(plan_of(VALUE), {"plain": in_weeks(plain), "calls": in_weeks(calls)})

    pair = reading.metrics[0].pairs[0]
    error = np.sqrt(np.var(plain, ddof=1) / 60 + np.var(calls, ddof=1) / 60)
    prior = 0.3 * np.mean(plain)
    precision = 1 / error**2 + 1 / prior**2
    mean = (np.mean(calls) - np.mean(plain)) / error**2 / precision
    assert pair.belief.mean == pytest.approx(mean)
    assert pair.belief.chance_to_be_better == pytest.approx(stats.norm.cdf(mean * precision**0.5))
    assert pair.belief.level == pytest.approx(1 - pair.alpha)


def test_groups_that_were_only_observed_have_no_belief_about_a_cause():
    cells = {"plain": in_weeks(drawn(100)), "calls": in_weeks(drawn(110, seed=2))}

    reading = read(plan_of(VALUE, randomised=False), cells)

    assert reading.metrics[0].pairs[0].belief is None
    assert reading.evidence is Grade.D
    assert "nothing about the cause" in reading.evidence_sentence.en


def test_an_effect_that_fades_shows_its_trend():
    plain = in_weeks(*(drawn(100, seed=10 + week) for week in range(5)))
    calls = in_weeks(*(drawn(130 - 6 * week, seed=20 + week) for week in range(5)))

    pair = read(plan_of(VALUE), {"plain": plain, "calls": calls}).metrics[0].pairs[0]

    assert [week.week for week in pair.weeks] == [0, 1, 2, 3, 4]
    assert pair.trend.slope == pytest.approx(-6, abs=2)
    assert pair.trend.upper < 0


def test_a_week_with_few_units_has_no_effect_of_its_own():
    plain = in_weeks(drawn(100), drawn(100, seed=3), drawn(100, n=9, seed=4))
    calls = in_weeks(drawn(120, seed=5), drawn(120, seed=6), drawn(120, seed=7))

    pair = read(plan_of(VALUE), {"plain": plain, "calls": calls}).metrics[0].pairs[0]

    assert isinstance(pair.weeks[1].effect, Comparison)
    assert pair.weeks[2].effect == NotComparable(
        Reason.TOO_FEW_UNITS, "an arm has fewer mature units than are needed"
    )
    assert pair.trend is None


def test_where_no_estimate_is_shown_no_view_is():
    plain, calls = in_weeks([0] * 5, [1] * 4), in_weeks([1] * 5, [0] * 4)

    pair = read(plan_of(BOOKED), {"plain": plain, "calls": calls}).metrics[0].pairs[0]

    assert (pair.belief, pair.weeks, pair.trend, pair.uncapped) == (None, (), None, None)


def test_the_uncapped_figure_and_the_capped_units_stand_beside():
    plain, calls = drawn(100), [*drawn(110, n=59, seed=2), 5000]
    capped = [min(value, 150) for value in calls]
    cells = {
        "plain": MetricMoments(moments_of(plain), uncapped=UncappedMoments(0, moments_of(plain))),
        "calls": MetricMoments(moments_of(capped), uncapped=UncappedMoments(1, moments_of(calls))),
    }

    metric = read(plan_of(VALUE), cells).metrics[0]

    t = stats.ttest_ind(calls, plain, equal_var=False)
    assert [arm.capped for arm in metric.arms] == [0, 1]
    assert metric.pairs[0].uncapped.estimate == pytest.approx(np.mean(calls) - np.mean(plain))
    assert metric.pairs[0].uncapped.p_value == pytest.approx(t.pvalue, rel=1e-9)
    assert metric.pairs[0].fixed.estimate == pytest.approx(np.mean(capped) - np.mean(plain))


def test_observed_shares_are_drawn_towards_each_other_for_display_alone():
    arms = (*ARMS, ArmPlan(variant="events"), ArmPlan(variant="partner"))
    counts = {"plain": (40, 400), "calls": (90, 400), "events": (12, 60), "partner": (30, 150)}
    cells = {v: MetricMoments(Moments(n, won, won)) for v, (won, n) in counts.items()}

    observed = read(plan_of(BOOKED, arms, randomised=False), cells).metrics[0]
    randomised = read(plan_of(BOOKED, arms), cells).metrics[0]

    raw = {v: won / n for v, (won, n) in counts.items()}
    middle = sum(won for won, _ in counts.values()) / sum(n for _, n in counts.values())
    for arm in observed.arms:
        assert min(raw[arm.variant], middle) < arm.shrunken.share < max(raw[arm.variant], middle)
    assert [arm.shrunken for arm in randomised.arms] == [None] * 4


def test_mixed_units_lower_the_grade_of_the_evidence():
    cells = {"plain": in_weeks(drawn(100)), "calls": in_weeks(drawn(110, seed=2))}

    intact, broken = read(plan_of(VALUE), cells), read(plan_of(VALUE), cells, mixed=3)

    assert (intact.evidence, broken.evidence) == (Grade.A, Grade.B)


def test_a_reading_with_views_is_plain_json():
    cells = {"plain": in_weeks(drawn(100)), "calls": in_weeks(drawn(110, seed=2))}

    encoded = msgspec.json.decode(msgspec.json.encode(read(plan_of(VALUE), cells)))

    assert encoded["metrics"][0]["pairs"][0]["weeks"][0]["week"] == 0
