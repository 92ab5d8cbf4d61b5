"""Readings of experiments: statuses, floors, absent estimates, and the published experiment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from inference.comparison import Reason
from inference.moments import Moments
from inference.plan import (
    ArmCounts,
    ArmPlan,
    ExperimentPlan,
    MetricMoments,
    MetricPlan,
    Observations,
)
from inference.readings import ExperimentReading, read_experiment
from inference.statuses import Status
from schemas.resources import MetricKind
from tests.inference.published import hillstrom_moments
from tests.inference.samples import moments_of

START = datetime(2024, 3, 1, tzinfo=UTC)
LATER = START + timedelta(days=30)
WEEKS = timedelta(days=14)

BOOKED = MetricPlan(key="booked", kind=MetricKind.CONVERSION, window=WEEKS)
VALUE = MetricPlan(key="value", kind=MetricKind.SUM, window=WEEKS, scale=2, currency="EUR")


def plan_of(*metrics: MetricPlan, **changes: Any) -> ExperimentPlan:
    plain = ExperimentPlan(
        key="subject-line",
        arms=(ArmPlan(variant="plain", is_control=True), ArmPlan(variant="question")),
        metrics=metrics,
        planned_units=400,
    )
    return msgspec.structs.replace(plain, **changes)


def observations_of(
    moments: dict[tuple[str, str], Moments], mixed: int = 0, **changes: Any
) -> Observations:
    units = {variant: ArmCounts(sums.n, mixed) for (variant, _), sums in moments.items()}
    plain = Observations(
        moments={key: MetricMoments(sums) for key, sums in moments.items()},
        units=units,
        exposed_since=START,
    )
    return msgspec.structs.replace(plain, **changes)


def converted(control: tuple[int, int], treatment: tuple[int, int]) -> Observations:
    return observations_of(
        {
            ("plain", "booked"): Moments(control[1], control[0], control[0]),
            ("question", "booked"): Moments(treatment[1], treatment[0], treatment[0]),
        }
    )


def only_pair(reading: ExperimentReading):
    (metric,) = reading.metrics
    (pair,) = metric.pairs
    return pair


@pytest.mark.parametrize(
    ("control", "treatment", "status"),
    [
        ((20, 200), (70, 200), Status.BETTER),
        ((70, 200), (20, 200), Status.WORSE),
        ((40, 200), (45, 200), Status.UNDECIDED),
    ],
)
def test_the_always_valid_interval_decides(control, treatment, status):
    pair = only_pair(read_experiment(plan_of(BOOKED), converted(control, treatment), now=LATER))

    assert pair.status is status
    assert pair.reason is None
    assert pair.always_valid.estimate == pytest.approx((treatment[0] - control[0]) / 200)
    assert pair.always_valid.excludes_zero == (status is not Status.UNDECIDED)
    assert (pair.fixed.method, pair.proportions.method) == ("welch_t", "pooled_z_newcombe")


def test_where_less_is_wanted_a_fall_is_better():
    metric = msgspec.structs.replace(BOOKED, direction="decrease")

    pair = only_pair(read_experiment(plan_of(metric), converted((70, 200), (20, 200)), now=LATER))

    assert pair.status is Status.BETTER
    assert pair.always_valid.estimate < 0


@pytest.mark.parametrize(
    ("range_", "status"),
    [(0.5, Status.EQUIVALENT), (0.05, Status.UNDECIDED), (None, Status.UNDECIDED)],
)
def test_an_interval_inside_the_registered_range_is_equivalent(range_, status):
    metric = msgspec.structs.replace(BOOKED, equivalence=range_)

    pair = only_pair(read_experiment(plan_of(metric), converted((40, 200), (45, 200)), now=LATER))

    assert pair.status is status


def test_arms_that_were_not_randomised_have_an_association_and_no_winner():
    plan = plan_of(BOOKED, randomised=False)

    reading = read_experiment(plan, converted((20, 200), (160, 900)), now=LATER)

    assert only_pair(reading).status is Status.OBSERVATIONAL
    assert only_pair(reading).always_valid is not None
    assert "association, not an effect" in only_pair(reading).sentence.en
    assert reading.sample_ratio is None


BELOW_THE_FLOORS = [
    pytest.param((9, 9), (10, 11), Reason.TOO_FEW_UNITS, id="nine units"),
    pytest.param((0, 0), (10, 11), Reason.TOO_FEW_UNITS, id="an empty arm"),
    pytest.param((1, 1), (10, 11), Reason.TOO_FEW_UNITS, id="one unit"),
    pytest.param((9, 60), (30, 60), Reason.TOO_FEW_EVENTS, id="nine events"),
    pytest.param((0, 60), (0, 60), Reason.TOO_FEW_EVENTS, id="no events"),
    pytest.param((60, 60), (60, 60), Reason.NO_VARIANCE, id="all converted"),
]


@pytest.mark.parametrize(("control", "treatment", "reason"), BELOW_THE_FLOORS)
def test_without_enough_there_are_counts_and_a_reason_and_no_estimate(control, treatment, reason):
    reading = read_experiment(plan_of(BOOKED), converted(control, treatment), now=LATER)

    pair = only_pair(reading)
    assert (pair.status, pair.reason) == (Status.COLLECTING, reason)
    assert (pair.n_baseline, pair.n_variant) == (control[1], treatment[1])
    assert_no_estimate(reading)


def assert_no_estimate(reading: ExperimentReading) -> None:
    for metric in reading.metrics:
        for pair in metric.pairs:
            assert pair.always_valid is pair.fixed is pair.proportions is None
            assert pair.adjusted is pair.adjusted_fixed is None
        for arm in metric.arms:
            assert (arm.mean, arm.lower, arm.upper) == (None, None, None)


def test_ten_units_and_ten_events_in_each_arm_are_enough():
    pair = only_pair(read_experiment(plan_of(BOOKED), converted((10, 12), (10, 13)), now=LATER))

    assert pair.status is Status.UNDECIDED


@pytest.mark.parametrize(
    ("changes", "now", "reason"),
    [
        ({}, START + timedelta(days=7, microseconds=-1), Reason.LESS_THAN_A_WEEK),
        ({"exposed_since": None}, LATER, Reason.NO_EXPOSURE),
        ({"backfill_complete": False}, LATER, Reason.BACKFILL_RUNNING),
    ],
)
def test_before_a_full_week_and_a_full_history_it_is_collecting(changes, now, reason):
    observations = msgspec.structs.replace(converted((20, 200), (70, 200)), **changes)

    reading = read_experiment(plan_of(BOOKED), observations, now=now)

    assert only_pair(reading).status is Status.COLLECTING
    assert only_pair(reading).reason is reason
    assert_no_estimate(reading)


def test_after_exactly_a_week_it_may_be_read():
    observations = converted((20, 200), (70, 200))

    reading = read_experiment(plan_of(BOOKED), observations, now=START + timedelta(days=7))

    assert only_pair(reading).status is Status.BETTER


def test_a_wrong_split_makes_every_metric_invalid():
    reading = read_experiment(plan_of(BOOKED), converted((20, 300), (70, 150)), now=LATER)

    assert reading.sample_ratio.alarm
    assert only_pair(reading).reason is Reason.SAMPLE_RATIO_MISMATCH
    assert_no_estimate(reading)


def test_the_registered_split_is_the_one_that_counts():
    arms = (
        ArmPlan(variant="plain", is_control=True, weight=Decimal(2)),
        ArmPlan(variant="question", weight=Decimal(1)),
    )

    reading = read_experiment(
        plan_of(BOOKED, arms=arms), converted((20, 300), (70, 150)), now=LATER
    )

    assert not reading.sample_ratio.alarm
    assert [arm.share for arm in reading.arms] == pytest.approx([2 / 3, 1 / 3])


@pytest.mark.parametrize(
    ("mixed", "cautions", "status"),
    [(2, 0, Status.BETTER), (3, 1, Status.BETTER), (23, 1, Status.INVALID)],
)
def test_mixed_units_are_warned_of_above_one_percent_and_too_many_are_invalid(
    mixed, cautions, status
):
    observations = converted((20, 200), (70, 200))
    units = {variant: ArmCounts(200, mixed) for variant in observations.units}

    reading = read_experiment(
        plan_of(BOOKED), msgspec.structs.replace(observations, units=units), now=LATER
    )

    assert reading.mixed_share == pytest.approx(mixed / (200 + mixed))
    assert len(reading.cautions) == cautions
    assert only_pair(reading).status is status


def test_a_ratio_needs_forty_units_in_each_arm():
    metric = MetricPlan(key="rate", kind=MetricKind.RATIO, window=WEEKS)
    sample = [(1, 4), (0, 2), (5, 9), (2, 3), (7, 20)] * 8
    moments = moments_of(*[[y for y, _ in sample]], denominators=[d for _, d in sample])
    enough = {("plain", "rate"): moments, ("question", "rate"): moments}
    short = {**enough, ("question", "rate"): moments - Moments.of_outcome(5, d=9)}

    shown = only_pair(read_experiment(plan_of(metric), observations_of(enough), now=LATER))
    hidden = only_pair(read_experiment(plan_of(metric), observations_of(short), now=LATER))

    assert shown.status is Status.UNDECIDED
    assert shown.proportions is None
    assert hidden.reason is Reason.TOO_FEW_UNITS


def test_a_covariate_gives_the_adjusted_figures_beside_the_plain_ones():
    metric = msgspec.structs.replace(VALUE, has_covariate=True)
    history = list(range(0, 4000, 100))
    outcomes = {
        "plain": [h + 50 * (h % 300) for h in history],
        "question": [h + 900 for h in history],
    }
    moments = {(v, "value"): moments_of(y, covariates=history) for v, y in outcomes.items()}

    pair = only_pair(read_experiment(plan_of(metric), observations_of(moments), now=LATER))

    assert pair.adjusted.method == "asymptotic_confidence_sequence"
    assert pair.adjusted_fixed.method == "welch_t"
    assert pair.adjusted.estimate == pytest.approx(pair.always_valid.estimate)
    assert pair.adjustment_reason is None


def test_an_adjustment_that_cannot_be_made_leaves_the_plain_figures_and_a_reason():
    metric = msgspec.structs.replace(VALUE, has_covariate=True)
    moments = {(v, "value"): moments_of(range(40)) for v in ("plain", "question")}

    pair = only_pair(read_experiment(plan_of(metric), observations_of(moments), now=LATER))

    assert pair.adjusted is pair.adjusted_fixed is None
    assert pair.adjustment_reason is Reason.NO_COVARIATE
    assert pair.always_valid is not None


def test_units_still_open_are_counted_and_decide_nothing():
    mature = Moments(200, 40, 40)
    with_open = MetricMoments(mature, Moments(500, 500, 500))
    observations = msgspec.structs.replace(
        converted((40, 200), (40, 200)),
        moments={("plain", "booked"): MetricMoments(mature), ("question", "booked"): with_open},
    )

    reading = read_experiment(plan_of(BOOKED), observations, now=LATER)

    assert [arm.still_open for arm in reading.metrics[0].arms] == [0, 500]
    assert only_pair(reading).always_valid.estimate == 0
    assert only_pair(reading).n_variant == 200


def test_progress_has_the_date_at_which_the_planned_units_are_mature():
    # 300 of 400 units in 30 days: 100 more take 10 days, the last one 14 days to mature.
    reading = read_experiment(plan_of(BOOKED), converted((20, 150), (30, 150)), now=LATER)

    (metric,) = reading.metrics
    assert (metric.mature_units, metric.planned_units) == (300, 400)
    assert metric.expected_at == LATER + timedelta(days=10) + WEEKS


def test_once_the_planned_units_are_mature_nothing_is_expected():
    reading = read_experiment(plan_of(BOOKED), converted((20, 200), (30, 200)), now=LATER)

    assert reading.metrics[0].expected_at is None


def test_arms_compare_with_the_control_first_and_then_with_each_other():
    arms = (
        ArmPlan(variant="a"),
        ArmPlan(variant="b", is_control=True),
        ArmPlan(variant="c", weight=Decimal(2)),
    )

    reading = read_experiment(
        plan_of(BOOKED, arms=arms, planned_units=400),
        observations_of({("a", "booked"): Moments(20, 5, 5)}, units={}),
        now=LATER,
    )

    pairs = reading.metrics[0].pairs
    assert [(pair.baseline, pair.variant) for pair in pairs] == [("b", "a"), ("b", "c"), ("a", "c")]
    assert [pair.planned_units for pair in pairs] == [200, 300, 300]


def test_permuting_the_registered_arms_changes_no_figure():
    arms = tuple(ArmPlan(variant=v, is_control=v == "plain") for v in ("question", "plain"))
    observations = converted((20, 200), (70, 200))

    permuted = read_experiment(plan_of(BOOKED, arms=arms), observations, now=LATER)

    assert permuted == read_experiment(plan_of(BOOKED), observations, now=LATER)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"units": {"other": ArmCounts(1)}}, "units"),
        ({"moments": {("plain", "other"): MetricMoments()}}, "moments"),
    ],
)
def test_counts_that_the_plan_does_not_know_are_refused(changes, name):
    observations = msgspec.structs.replace(converted((20, 200), (70, 200)), **changes)

    with pytest.raises(ValueError, match=name):
        read_experiment(plan_of(BOOKED), observations, now=LATER)


@pytest.mark.parametrize(
    "changes",
    [
        {"arms": (ArmPlan(variant="plain", is_control=True),)},
        {"arms": (ArmPlan(variant="a", is_control=True), ArmPlan(variant="a"))},
        {"arms": (ArmPlan(variant="a"), ArmPlan(variant="b"))},
        {"arms": (ArmPlan(variant="a", is_control=True), ArmPlan(variant="b", weight=Decimal(-1)))},
        {"arms": tuple(ArmPlan(variant=v, weight=Decimal(0), is_control=v == "a") for v in "ab")},
        {"planned_units": 1},
        {"alpha": 0.0},
        {"alpha": 0.9},
    ],
)
def test_an_impossible_plan_is_refused(changes):
    (name,) = changes

    with pytest.raises(ValueError, match=name):
        plan_of(BOOKED, **changes)


def test_a_reading_is_plain_json():
    reading = read_experiment(plan_of(BOOKED), converted((20, 200), (70, 200)), now=LATER)

    decoded = msgspec.json.decode(msgspec.json.encode(reading))

    assert decoded["metrics"][0]["pairs"][0]["status"] == "better"
    assert decoded["read_at"] == "2024-03-31T00:00:00Z"


@pytest.fixture(scope="module")
def mailing() -> ExperimentReading:
    moments = hillstrom_moments()
    arms = ("No E-Mail", "Mens E-Mail", "Womens E-Mail")
    plan = plan_of(
        msgspec.structs.replace(BOOKED, key="visit"),
        msgspec.structs.replace(BOOKED, key="conversion"),
        msgspec.structs.replace(VALUE, key="spend", has_covariate=True),
        arms=tuple(ArmPlan(variant=arm, is_control=arm == "No E-Mail") for arm in arms),
        planned_units=64_000,
        unit="contact",
    )
    return read_experiment(plan, observations_of(moments), now=LATER)


def test_the_published_mailing_reads_as_it_should(mailing):
    statuses = {
        (metric.metric, pair.variant, pair.baseline): pair.status
        for metric in mailing.metrics
        for pair in metric.pairs
    }

    for metric in ("visit", "conversion", "spend"):
        assert statuses[metric, "Mens E-Mail", "No E-Mail"] is Status.BETTER
    assert statuses["visit", "Womens E-Mail", "No E-Mail"] is Status.BETTER
    assert statuses["spend", "Womens E-Mail", "Mens E-Mail"] is Status.UNDECIDED


def test_the_two_mails_do_not_differ_in_spend_after_correction(mailing):
    pair = mailing.metrics[2].pairs[2]

    assert (pair.baseline, pair.variant) == ("Mens E-Mail", "Womens E-Mail")
    # At one look, uncorrected, it would have been called a difference.
    assert pair.fixed.p_value == pytest.approx(0.0305, abs=5e-5)
    assert pair.corrected_p_value > 0.05
    assert not pair.always_valid.excludes_zero


def test_the_published_mailing_has_its_spend(mailing):
    spend = mailing.metrics[2]
    fixed = spend.pairs[0].fixed

    assert [arm.n for arm in spend.arms] == [21_306, 21_307, 21_387]
    assert fixed.estimate == pytest.approx(0.769827, abs=5e-7)
    assert fixed.statistic == pytest.approx(5.30014, abs=5e-6)
    assert fixed.p_value == pytest.approx(1.1638e-7, rel=5e-5)
    assert (fixed.lower, fixed.upper) == pytest.approx((0.48514, 1.05451), abs=5e-6)
    assert spend.pairs[0].sentence.en == (
        "Mens E-Mail is better than No E-Mail on spend: +0.77 EUR per contact "
        "(98.3 % interval, valid however often one looks: +0.27 to +1.27)."
    )


def test_a_variant_in_which_nothing_happened_is_still_read():
    happened, nothing = moments_of([100, 300] * 20), moments_of([0] * 40)

    pair = only_pair(
        read_experiment(
            plan_of(VALUE),
            observations_of({("plain", "value"): happened, ("question", "value"): nothing}),
            now=LATER,
        )
    )

    assert pair.status is Status.WORSE
    assert pair.lift_fixed is None
