"""Experiments planned small are read from single units: watched exactly, or once at their end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import stats

from inference.comparison import Method, Reason
from inference.plan import (
    ArmCounts,
    ArmPlan,
    ExperimentPlan,
    MetricMoments,
    MetricPlan,
    Observations,
    UnitOutcome,
)
from inference.readings import ExperimentReading, read_experiment
from inference.small_experiments import needs_unit_outcomes
from inference.statuses import Status
from inference.unit_evidence import blocks_of
from schemas.resources import MetricKind
from tests.inference.samples import moments_of

START = datetime(2024, 3, 1, tzinfo=UTC)
LATER = START + timedelta(days=60)
WINDOW = timedelta(days=14)
BOOKED = MetricPlan(key="booked", kind=MetricKind.CONVERSION, window=WINDOW)
VALUE = MetricPlan(key="value", kind=MetricKind.SUM, window=WINDOW, scale=2, currency="EUR")
REPLIES = MetricPlan(key="replies", kind=MetricKind.RATIO, window=WINDOW)

# Twelve and twelve: a shift of 40.00 against a spread of about 10.00.
LOW = [1000, 1310, 870, 1120, 1490, 900, 1230, 1010, 1400, 1150, 960, 1280]
HIGH = [y + 4000 for y in (1020, 1180, 990, 1300, 1410, 870, 1260, 1090, 1330, 1200, 930, 1240)]


def plan_of(*metrics: MetricPlan, **changes: Any) -> ExperimentPlan:
    plain = ExperimentPlan(
        key="cadence",
        arms=(ArmPlan(variant="plain", is_control=True), ArmPlan(variant="calls")),
        metrics=metrics,
        planned_units=24,
    )
    return msgspec.structs.replace(plain, **changes)


def seen(
    metric: MetricPlan,
    plain: Sequence[int],
    calls: Sequence[int],
    *,
    contacts: Sequence[Sequence[int]] | None = None,
    still_open: int = 0,
) -> Observations:
    """Outcomes in the order of maturity, one of either arm after the other."""
    arms = {"plain": list(plain), "calls": list(calls)}
    sizes = dict(zip(arms, contacts or [[0] * len(plain), [0] * len(calls)], strict=True))
    counted = {
        (variant, metric.key): MetricMoments(
            moments_of(values, denominators=sizes[variant]),
            still_open=moments_of([0] * still_open),
        )
        for variant, values in arms.items()
    }
    units = {
        (variant, metric.key): tuple(
            UnitOutcome(2 * number + offset, y, d)
            for number, (y, d) in enumerate(zip(values, sizes[variant], strict=True))
        )
        for offset, (variant, values) in enumerate(arms.items())
    }
    return Observations(
        moments=counted,
        units={variant: ArmCounts(len(values) + still_open) for variant, values in arms.items()},
        exposed_since=START,
        unit_outcomes=units,
    )


def pair_of(reading: ExperimentReading):
    return reading.metrics[0].pairs[0]


def read(plan: ExperimentPlan, observations: Observations):
    return pair_of(read_experiment(plan, observations, now=LATER))


def test_a_share_is_watched_by_the_exact_test_before_the_end():
    pair = read(plan_of(BOOKED), seen(BOOKED, [0] * 11, [1] * 11))

    assert pair.status is Status.BETTER
    assert pair.deciding == "always_valid"
    assert pair.always_valid.method is Method.SAFE_TEST
    assert pair.one_look is None
    assert pair.fixed is None
    assert "valid however often one looks" in pair.sentence.en


def test_a_share_has_boschloo_beside_at_the_registered_end():
    pair = read(plan_of(BOOKED), seen(BOOKED, [0, 1] * 6, [1, 1, 0] * 4))

    exact = stats.boschloo_exact([[8, 6], [4, 6]], alternative="two-sided")
    assert pair.one_look.method is Method.BOSCHLOO
    assert pair.one_look.p_value >= exact.pvalue * (1 - 1e-6)
    assert pair.deciding == "always_valid"


def test_too_few_units_of_a_share_are_still_collecting():
    pair = read(plan_of(BOOKED), seen(BOOKED, [0] * 9, [1] * 9))

    assert (pair.status, pair.reason) == (Status.COLLECTING, Reason.TOO_FEW_UNITS)
    assert pair.decisive is None


def test_a_mean_waits_for_the_registered_end():
    pair = read(plan_of(VALUE), seen(VALUE, LOW[:11], HIGH[:11]))

    assert (pair.status, pair.reason) == (Status.COLLECTING, Reason.BEFORE_REGISTERED_END)
    assert (pair.always_valid, pair.one_look, pair.fixed, pair.lift) == (None,) * 4
    assert "of 24 planned" in pair.sentence.en
    assert "von 24 geplanten" in pair.sentence.de


def test_a_mean_is_read_once_at_the_registered_end():
    pair = read(plan_of(VALUE), seen(VALUE, LOW, HIGH))

    assert pair.status is Status.BETTER
    assert pair.deciding == "one_look"
    assert pair.one_look.method is Method.RANDOMISATION
    assert pair.one_look.estimate == pytest.approx(np.mean(HIGH) / 100 - np.mean(LOW) / 100)
    assert "one look at the registered end" in pair.sentence.en


def test_units_after_the_planned_ones_make_no_second_look():
    first = read(plan_of(VALUE), seen(VALUE, LOW, HIGH))
    later = read(plan_of(VALUE), seen(VALUE, [*LOW, 9_000_000], [*HIGH, 0]))

    assert later.one_look == first.one_look


def test_the_end_also_comes_by_time_once_no_window_is_open():
    plan = plan_of(VALUE, planned_units=60, ends_at=LATER - timedelta(days=20))

    waiting = read(plan, seen(VALUE, LOW, HIGH, still_open=1))
    over = read(plan, seen(VALUE, LOW, HIGH))

    assert waiting.reason is Reason.BEFORE_REGISTERED_END
    assert over.status is Status.BETTER


def test_a_ratio_of_account_sums_is_read_by_cr2():
    contacts = [[3, 5, 2, 4, 6, 3, 4, 5, 2, 3, 4, 6]] * 2
    plain = [1, 1, 0, 1, 2, 0, 1, 1, 0, 1, 1, 2]
    calls = [2, 4, 2, 3, 5, 2, 3, 4, 1, 3, 3, 5]

    pair = read(plan_of(REPLIES), seen(REPLIES, plain, calls, contacts=contacts))

    assert pair.one_look.method is Method.CR2
    assert pair.one_look.estimate == pytest.approx(37 / 47 - 11 / 47)
    assert pair.status is Status.BETTER


def test_a_numerator_without_its_denominator_is_no_share_of_contacts():
    contacts = [[3] * 12, [0, *[3] * 11]]

    pair = read(plan_of(REPLIES), seen(REPLIES, [1] * 12, [2] * 12, contacts=contacts))

    assert (pair.status, pair.reason) == (Status.COLLECTING, Reason.DENOMINATOR_NEAR_ZERO)


def test_without_its_units_a_small_experiment_says_so():
    observations = msgspec.structs.replace(seen(VALUE, LOW, HIGH), unit_outcomes=None)

    pair = read(plan_of(VALUE), observations)

    assert (pair.status, pair.reason) == (Status.COLLECTING, Reason.UNIT_OUTCOMES_MISSING)


def test_so_few_units_that_nothing_could_show_are_said_to_be_too_few():
    plan = plan_of(VALUE, planned_units=6)

    pair = read(plan, seen(VALUE, LOW[:3], HIGH[:3]))

    assert (pair.status, pair.reason) == (Status.COLLECTING, Reason.NO_POSSIBLE_P_VALUE)


def test_an_obstacle_of_the_experiment_comes_before_any_look():
    observations = seen(VALUE, LOW, HIGH)

    pair = pair_of(read_experiment(plan_of(VALUE), observations, now=START + timedelta(days=2)))

    assert (pair.reason, pair.one_look) == (Reason.LESS_THAN_A_WEEK, None)


def test_a_changed_definition_leaves_its_metric_without_a_reading_and_the_others_with_theirs():
    changed = msgspec.structs.replace(VALUE, key="changed", is_invalidated=True)
    parts = [seen(metric, LOW, HIGH) for metric in (VALUE, changed)]
    together = msgspec.structs.replace(
        parts[0],
        moments={key: cell for part in parts for key, cell in part.moments.items()},
        unit_outcomes={key: u for part in parts for key, u in (part.unit_outcomes or {}).items()},
    )

    intact, touched = read_experiment(plan_of(VALUE, changed), together, now=LATER).metrics

    assert intact.pairs[0].status is Status.BETTER
    assert (touched.pairs[0].status, touched.pairs[0].reason) == (
        *(Status.INVALID, Reason.DEFINITION_CHANGED),
    )
    assert "follow-up experiment" in touched.pairs[0].sentence.en


def test_holm_corrects_over_units_and_leaves_one_decision():
    metrics = [msgspec.structs.replace(VALUE, key=f"value-{place}") for place in range(4)]
    # Clear by itself (Welch p about 0.03), not clear as one of four questions.
    plain = [100, 140, 90, 120, 150, 95, 130, 105]
    calls = [y + 26 for y in plain]
    parts = [seen(metric, plain, calls) for metric in metrics]
    together = msgspec.structs.replace(
        parts[0],
        moments={key: cell for part in parts for key, cell in part.moments.items()},
        unit_outcomes={key: u for part in parts for key, u in (part.unit_outcomes or {}).items()},
    )

    alone = read(plan_of(metrics[0], planned_units=16), parts[0])
    family = read_experiment(plan_of(*metrics, planned_units=16), together, now=LATER)

    assert alone.status is Status.BETTER
    assert {metric.pairs[0].status for metric in family.metrics} == {Status.UNDECIDED}
    assert pair_of(family).one_look.level == pytest.approx(1 - 0.05 / 4)
    assert pair_of(family).corrected_p_value == pytest.approx(4 * alone.one_look.p_value)


def test_a_larger_experiment_that_ends_early_is_read_once_where_it_has_no_interval():
    plan = plan_of(BOOKED, planned_units=400, ends_at=LATER - timedelta(days=20))

    running = read(msgspec.structs.replace(plan, ends_at=None), seen(BOOKED, [0] * 15, [1] * 15))
    over = read(plan, seen(BOOKED, [0] * 15, [1] * 15))

    assert (running.status, running.reason) == (Status.COLLECTING, Reason.TOO_FEW_EVENTS)
    assert over.status is Status.BETTER
    assert over.one_look.method is Method.BOSCHLOO


def test_a_larger_experiment_keeps_the_interval_that_it_has():
    plan = plan_of(VALUE, planned_units=400, ends_at=LATER - timedelta(days=20))

    pair = read(plan, seen(VALUE, LOW, HIGH))

    assert pair.deciding == "always_valid"
    assert pair.always_valid.method is Method.CONFIDENCE_SEQUENCE


def test_an_unbalanced_arm_is_small_though_the_experiment_is_not():
    arms = (
        ArmPlan(variant="plain", weight=Decimal(19), is_control=True),
        ArmPlan(variant="calls", weight=Decimal(1)),
    )
    plan = plan_of(VALUE, arms=arms, planned_units=700)

    assert plan.is_small(*arms)
    assert not plan_of(VALUE, arms=arms, planned_units=800).is_small(*arms)


def test_nobody_assigned_at_random_is_no_small_experiment():
    plan = plan_of(VALUE, randomised=False)

    pair = read(plan, seen(VALUE, LOW, HIGH))

    assert pair.status is Status.OBSERVATIONAL
    assert not needs_unit_outcomes(plan, {}, now=LATER)


def test_outcomes_that_are_not_the_mature_units_are_refused():
    observations = seen(VALUE, LOW, HIGH)
    fewer = {key: units[1:] for key, units in (observations.unit_outcomes or {}).items()}

    with pytest.raises(ValueError, match=r"unit_outcomes: .* are not its mature units"):
        read(plan_of(VALUE), msgspec.structs.replace(observations, unit_outcomes=fewer))


@pytest.mark.parametrize(
    ("plan", "ends", "n", "needed"),
    [
        (24, None, 0, True),
        (80, None, 10, False),
        (80, START, 39, True),
        (80, START, 40, False),
        (80, LATER + timedelta(days=1), 10, False),
    ],
)
def test_single_units_are_asked_for_only_where_they_are_read(plan, ends, n, needed):
    counted = seen(VALUE, [0] * n, [0] * n).moments

    found = needs_unit_outcomes(
        plan_of(VALUE, planned_units=plan, ends_at=ends), counted, now=LATER
    )

    assert found is needed


@pytest.mark.parametrize(
    ("weights", "blocks"),
    [
        (("1", "1"), (1, 1)),
        (("0.9", "0.1"), (9, 1)),
        (("1", "2"), (1, 2)),
        (("0.3333", "0.6667"), (1, 2)),
        (("95", "5"), (19, 1)),
        (("0.99", "0.01"), (19, 1)),
        (("0", "1"), (1, 1)),
    ],
)
def test_blocks_follow_the_weights_in_small_numbers(weights, blocks):
    found = blocks_of(*map(Decimal, weights))

    assert (found.control, found.treatment) == blocks


def test_the_same_question_has_the_same_answer_whenever_it_is_asked():
    generator = np.random.default_rng(7)
    plain, calls = (generator.integers(0, 10_000, 30).tolist() for _ in range(2))
    plan = plan_of(VALUE, planned_units=60)

    answers = [read(plan, seen(VALUE, plain, calls)).one_look for _ in range(2)]

    assert answers[0] == answers[1]
    assert answers[0].p_value == pytest.approx(
        stats.ttest_ind(calls, plain, equal_var=False).pvalue, abs=0.02
    )
