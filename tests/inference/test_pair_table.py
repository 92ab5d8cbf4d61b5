"""A thousand experiments at once are read like each by itself; families, guardrails, decisions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference import reasons
from inference.comparison import Reason
from inference.layout import layout_of
from inference.moments import Moments, MomentsError
from inference.pair_table import read_pairs
from inference.pairs import pair_reading
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
from inference.sums import Sums
from schemas.resources import MetricKind

START = datetime(2024, 3, 1, tzinfo=UTC)
LATER = START + timedelta(days=30)
WEEKS = timedelta(days=14)
ARMS = ("plain", "question", "number")


def metric(key: str, kind: MetricKind = MetricKind.CONVERSION, **changes: object) -> MetricPlan:
    return MetricPlan(key=key, kind=kind, window=WEEKS, **changes)


def plan_of(*metrics: MetricPlan, arms: int = 2, **changes: object) -> ExperimentPlan:
    plans = tuple(ArmPlan(variant=v, is_control=v == "plain") for v in ARMS[:arms])
    return ExperimentPlan(
        key="subject", arms=plans, metrics=metrics, planned_units=400 * arms, **changes
    )


def read(plan: ExperimentPlan, events: dict[str, list[int]], n: int = 400) -> ExperimentReading:
    """`events` has the converted units of each arm by metric, out of n."""
    counted = {
        (arm.variant, key): MetricMoments(Moments(n, found, found))
        for key, row in events.items()
        for arm, found in zip(plan.control_first, row, strict=True)
    }
    units = {arm.variant: ArmCounts(n) for arm in plan.arms}
    observations = Observations(moments=counted, units=units, exposed_since=START)
    return read_experiment(plan, observations, now=LATER)


# Many experiments at once

KINDS = [
    metric("booked"),
    metric("value", MetricKind.SUM, scale=2, has_covariate=True, role="secondary"),
    metric("rate", MetricKind.RATIO, denominator_scale=1, role="guardrail"),
]
units = st.tuples(st.integers(0, 1), st.integers(0, 9), st.integers(1, 9))
cells = st.lists(units, min_size=0, max_size=60)


@settings(max_examples=25)
@given(st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=3))
def test_many_experiments_at_once_are_read_like_each_by_itself(experiments):
    plans = [plan_of(*KINDS)] * len(experiments)
    sums = [
        sum((unit_on(plan_metric, unit) for unit in arm), Moments.zero())
        for arms in experiments
        for plan_metric in KINDS
        for arm in arms
    ]

    together = pairs_of(plans, sums)

    alone = [
        pair for number in range(len(plans)) for pair in pairs_of(plans[:1], sums[6 * number :][:6])
    ]
    assert together == alone


def unit_on(plan_metric: MetricPlan, unit: tuple[int, int, int]) -> Moments:
    converted, x, d = unit
    if plan_metric.kind is MetricKind.CONVERSION:
        return Moments.of_outcome(converted)
    return Moments.of_outcome(converted * d + x, x, d)


def pairs_of(plans: list[ExperimentPlan], sums: list[Moments]):
    layout = layout_of(plans)
    table = read_pairs(layout, Sums.of(sums), np.full(len(plans), reasons.NONE, dtype=np.int8))
    return [pair_reading(layout, table, row) for row in range(len(layout.pairs))]


def test_an_obstacle_hides_its_own_experiment_only():
    layout = layout_of([plan_of(KINDS[0])] * 2)
    sums = Sums.of([Moments(400, 40, 40), Moments(400, 90, 90)] * 2)
    obstacles = np.array([reasons.code_of(Reason.NO_EXPOSURE), reasons.NONE], dtype=np.int8)

    table = read_pairs(layout, sums, obstacles)

    first, second = (pair_reading(layout, table, row) for row in range(2))
    assert (first.status, first.reason) == (Status.COLLECTING, Reason.NO_EXPOSURE)
    assert first.always_valid is first.lift is None
    assert second.status is Status.BETTER


def test_outcomes_of_a_conversion_that_are_no_shares_are_refused():
    layout = layout_of([plan_of(KINDS[0])])

    with pytest.raises(MomentsError, match="sum_yy must equal sum_y"):
        read_pairs(
            layout,
            Sums.of([Moments(400, 40, 90), Moments(400, 90, 90)]),
            np.full(1, reasons.NONE, dtype=np.int8),
        )


# Families


def test_interval_p_value_and_status_agree_after_correction():
    plan = plan_of(metric("booked"), metric("opened"), metric("called"), arms=3)

    reading = read(plan, {"booked": [60, 115, 90], "opened": [60, 61, 62], "called": [60, 110, 92]})

    pairs = [pair for part in reading.metrics for pair in part.pairs]
    assert {pair.status for pair in pairs} == {Status.BETTER, Status.UNDECIDED}
    for pair in pairs:
        is_found = pair.corrected_p_value <= plan.alpha
        assert is_found == pair.always_valid.excludes_zero == (pair.status is Status.BETTER)
        assert pair.always_valid.level == pytest.approx(1 - pair.alpha)
        assert is_found == (pair.always_valid.p_value <= pair.alpha)


def test_more_primary_metrics_need_stronger_evidence():
    one, more = plan_of(metric("booked")), plan_of(*[metric(key) for key in ("booked", "b", "c")])
    events = {"booked": [60, 98], "b": [60, 60], "c": [60, 60]}

    alone = read(one, {"booked": [60, 98]}).metrics[0].pairs[0]
    among = read(more, events).metrics[0].pairs[0]

    assert alone.status is Status.BETTER
    assert among.status is Status.UNDECIDED
    assert among.corrected_p_value == pytest.approx(3 * among.always_valid.p_value)


def test_a_metric_without_data_still_belongs_to_the_family():
    plan = plan_of(metric("booked"), metric("later"))

    pair = read(plan, {"booked": [60, 98]}).metrics[0].pairs[0]

    assert pair.corrected_p_value == pytest.approx(2 * pair.always_valid.p_value)


def test_secondary_metrics_and_unregistered_pairs_do_not_burden_the_primary_family():
    plan = plan_of(metric("booked"), metric("opened", role="secondary"), arms=3)
    registered = msgspec.structs.replace(plan, comparisons=(("question", "number"),))
    events = {"booked": [60, 98, 75], "opened": [60, 98, 75]}

    free, bound = (read(each, events).metrics[0].pairs for each in (plan, registered))

    assert free[0].alpha == pytest.approx(0.05 / 2)
    assert bound[0].alpha == pytest.approx(0.05 / 3)
    assert bound[2].baseline == "question"
    assert free[2].corrected_p_value == pytest.approx(
        min(1, 4 * free[2].always_valid.p_value), abs=0.5
    )


def test_a_guardrail_is_corrected_by_nothing():
    plan = plan_of(metric("booked"), metric("unsubscribed", role="guardrail", direction="decrease"))

    guardrail = read(plan, {"booked": [60, 98], "unsubscribed": [60, 60]}).metrics[1].pairs[0]

    assert guardrail.alpha == 0.05


# Guardrails and decisions

GUARD = metric("unsubscribed", role="guardrail", direction="decrease", margin=0.1)


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([60, 60], Status.SAFE),
        ([60, 30], Status.SAFE),
        ([60, 62], Status.SAFE),
        ([60, 85], Status.UNCLEAR),
        ([60, 100], Status.UNCLEAR),
        ([60, 200], Status.HARMED),
    ],
)
def test_a_guardrail_is_held_against_its_margin(events, status):
    plan = plan_of(metric("booked"), GUARD)

    pair = read(plan, {"booked": [60, 60], "unsubscribed": events}).metrics[1].pairs[0]

    assert pair.status is status
    assert (pair.always_valid.upper < 0.1) == (status is Status.SAFE)
    assert (pair.always_valid.lower > 0.1) == (status is Status.HARMED)


@pytest.mark.parametrize(
    ("events", "status"),
    [([60, 20], Status.SAFE), ([60, 60], Status.UNCLEAR), ([60, 150], Status.HARMED)],
)
def test_a_guardrail_without_margin_allows_no_worsening(events, status):
    plan = plan_of(metric("booked"), msgspec.structs.replace(GUARD, margin=None))

    pair = read(plan, {"booked": [60, 60], "unsubscribed": events}).metrics[1].pairs[0]

    assert pair.status is status


def test_a_guardrail_without_randomisation_is_an_association():
    plan = plan_of(metric("booked"), GUARD, randomised=False)

    reading = read(plan, {"booked": [60, 98], "unsubscribed": [60, 60]})

    assert reading.metrics[1].pairs[0].status is Status.OBSERVATIONAL
    assert reading.decisions == ()


@pytest.mark.parametrize(
    ("booked", "unsubscribed", "verdict", "metrics"),
    [
        ([60, 110], [60, 60], "adopt", ("booked",)),
        ([60, 110], [60, 85], "wait", ("unsubscribed",)),
        ([60, 110], [60, 200], "keep", ("unsubscribed",)),
        ([60, 60], [60, 60], "wait", ("booked",)),
        ([110, 40], [60, 60], "keep", ("booked",)),
    ],
)
def test_the_decision_rule_needs_a_better_primary_and_safe_guardrails(
    booked, unsubscribed, verdict, metrics
):
    plan = plan_of(metric("booked"), GUARD)

    (decision,) = read(plan, {"booked": booked, "unsubscribed": unsubscribed}).decisions

    assert (decision.variant, decision.verdict, decision.metrics) == ("question", verdict, metrics)
    for text in (decision.sentence.en, decision.sentence.de):
        assert "question" in text
        assert metrics[0] in text
        assert text.endswith(".")


def test_a_guardrail_still_collecting_keeps_the_decision_waiting():
    plan = plan_of(metric("booked"), GUARD)

    (decision,) = read(plan, {"booked": [60, 110]}).decisions

    assert (decision.verdict, decision.metrics) == ("wait", ("unsubscribed",))


def test_every_variant_has_its_own_decision_against_the_control():
    decisions = read(plan_of(metric("booked"), arms=3), {"booked": [60, 110, 61]}).decisions

    assert [(each.variant, each.verdict) for each in decisions] == [
        ("question", "adopt"),
        ("number", "wait"),
    ]


# Lift, looks, clusters, split by day


def test_the_lift_stands_beside_the_difference():
    pair = read(plan_of(metric("booked")), {"booked": [60, 98]}).metrics[0].pairs[0]

    assert pair.lift.estimate == pytest.approx(38 / 60)
    assert pair.lift_fixed.estimate == pytest.approx(38 / 60)
    assert pair.lift.method == "relative_lift_confidence_sequence"
    assert pair.lift_reason is None


def test_a_missing_lift_has_a_reason():
    plan = plan_of(metric("margin", MetricKind.SUM))
    sums = Moments(100, 0, 10_000)
    observations = Observations(
        moments={(arm, "margin"): MetricMoments(sums) for arm in ARMS[:2]},
        units={arm: ArmCounts(100) for arm in ARMS[:2]},
        exposed_since=START,
    )

    pair = read_experiment(plan, observations, now=LATER).metrics[0].pairs[0]

    assert pair.lift is pair.lift_fixed is None
    assert pair.lift_reason is Reason.BASELINE_NEAR_ZERO
    assert pair.always_valid is not None


@pytest.mark.parametrize(("n", "look"), [(150, None), (200, 1), (399, 1), (400, 2)])
def test_a_registered_look_is_read_once_it_is_reached(n, look):
    plan = plan_of(metric("booked"), looks=(0.5, 1.0))

    pair = read(plan, {"booked": [40, 60]}, n=n).metrics[0].pairs[0]

    assert pair.look == look
    assert (pair.at_look is not None) == (look is not None)


def test_a_share_of_contacts_shows_how_alike_they_are():
    plan = plan_of(metric("reached", MetricKind.RATIO, is_share=True))
    sums = sum((Moments.of_outcome(y, d=d) for y, d in [(4, 4), (0, 2), (5, 9)] * 20), Moments())
    observations = Observations(
        moments={(arm, "reached"): MetricMoments(sums) for arm in ARMS[:2]},
        units={arm: ArmCounts(60) for arm in ARMS[:2]},
        exposed_since=START,
    )

    outcome = read_experiment(plan, observations, now=LATER).metrics[0].arms[0]

    assert (outcome.n, outcome.clusters.contacts) == (60, 300)
    assert outcome.clusters.design_effect > 1


def test_a_day_with_a_broken_split_blocks_the_reading():
    days = {date(2024, 3, 1 + day): {"plain": 30, "question": 30} for day in range(10)}
    days[date(2024, 3, 5)] = {"plain": 130, "question": 10}
    observations = Observations(moments={}, units={}, exposed_since=START, exposed_by_day=days)

    reading = read_experiment(plan_of(metric("booked")), observations, now=LATER)

    assert reading.sample_ratio_by_day.alarm
    assert reading.metrics[0].pairs[0].reason is Reason.SAMPLE_RATIO_MISMATCH


# Plans


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
@pytest.mark.parametrize("name", ["margin", "equivalence"])
def test_an_impossible_range_is_refused(name, value):
    with pytest.raises(ValueError, match=name):
        metric("booked", **{name: value})


@pytest.mark.parametrize(
    "changes",
    [
        {"comparisons": (("plain", "plain"),)},
        {"comparisons": (("plain", "other"),)},
        {"looks": (0.0, 1.0)},
        {"looks": (0.5, 0.5)},
        {"looks": (0.5, 1.5)},
    ],
)
def test_an_impossible_registration_is_refused(changes):
    (name,) = changes

    with pytest.raises(ValueError, match=name):
        plan_of(metric("booked"), **changes)
