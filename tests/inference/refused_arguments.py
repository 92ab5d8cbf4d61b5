"""What public functions must not take: per function a call that fits, and per argument bad values.

The key of bad values is what the refusal must name: the argument, a place in it (`control[0]`), or
a part of it (`sum_y of moments`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from inference import (
    bayesian,
    clusters,
    competing_risks,
    covariates,
    cuped,
    deal_times,
    empirical_bayes,
    evidence,
    exact_tests,
    expected_end,
    few_accounts,
    few_units,
    fisher,
    group_sequential,
    lifts,
    looks,
    measured_clusters,
    novelty,
    plan,
    planning,
    planning_lift,
    progress,
    proportions,
    ratios,
    relabelling,
    safe_tests,
    sample_ratio,
    sample_ratio_over_time,
    sequences,
    survival,
    welch,
    winsorising,
)
from inference.arms import Arm, arm_of_means
from inference.comparison import Comparison, Method
from inference.covariate_moments import CovariateMoments, with_indicator
from inference.moments import Moments
from schemas.resources import MetricKind


class Front(NamedTuple):
    """A public function, arguments that it takes, and what it must refuse in their place."""

    function: Callable[..., object]
    fitting: Mapping[str, object]
    refused: Mapping[str, tuple[object, ...]]

    @property
    def name(self) -> str:
        module = self.function.__module__.removeprefix("inference.")
        return f"{module}.{self.function.__qualname__}"


NUMBERS = ("1", None, math.nan, math.inf, True)
LEVELS = (*NUMBERS, -math.inf, 0, 1, 1.5, -0.1)
ALPHAS = (*NUMBERS, 0, -0.05, 0.6)
NOT_NEGATIVE = (*NUMBERS, -1)
POSITIVE = (*NUMBERS, -1, 0)
SHARES_OF_UNITS = ("1", None, math.nan, math.inf, -1, 0)
EXACT = (0.5, 3.0, *NUMBERS, Decimal("NaN"), Decimal("1.5"))
COUNTS = (*EXACT, -1)
AT_LEAST_1 = (*COUNTS, 0)
AT_LEAST_2 = (*COUNTS, 1)
BITS = (*EXACT, 2, -1)
CHOICES = ("no_such_thing", None)

CONTROL, TREATMENT = Arm(40, Fraction(2), Fraction(1)), Arm(40, Fraction(3), Fraction(1))
ARMS = {"control": CONTROL, "treatment": TREATMENT}
SHARE = Moments(n=40, sum_y=12, sum_yy=12)
SHARES = exact_tests.Shares(control_events=3, control=9, treatment_events=6, treatment=9)
TABLE = {"control_events": 3, "control": 9, "treatment_events": 6, "treatment": 9}
SPEND = Moments(n=4, sum_y=10, sum_yy=30, sum_x=10, sum_xx=30, sum_xy=29, sum_d=8, sum_dd=17)
CONTACTS = Moments(n=2, sum_y=3, sum_yy=5, sum_d=8, sum_dd=34, sum_yd=13)
SUMS = dict(zip(Moments.__struct_fields__, (2, 3, 5, 3, 5, 4, 3, 5, 4), strict=True))
BEFORE = CovariateMoments(2, 3, 5, (3,), ((5,),), (4,))
ACCOUNTS = [few_accounts.AccountOutcome(4, 1), few_accounts.AccountOutcome(3, 2)]
OPEN, WON = deal_times.DealState.OPEN, deal_times.DealState.WON
DEALS = [deal_times.DealTime(9, WON), deal_times.DealTime(12, OPEN)]
BASELINE, UNITS = planning.Baseline(mean=2, variance=1), planning.Units(50, 50)
EVEN = (Fraction(1), Fraction(1))
NOW, TODAY = datetime(2024, 3, 1, tzinfo=UTC), date(2024, 3, 1)
NO_ZONE = datetime(2024, 3, 1)  # noqa: DTZ001 - what must be refused
TRAFFIC = expected_end.Traffic(control=4, treatment=4, period=timedelta(days=7))
A, B = plan.ArmPlan(variant="a", is_control=True), plan.ArmPlan(variant="b")
BAD_WEIGHTS = tuple(
    (A, plan.ArmPlan(variant="b", weight=Decimal(weight))) for weight in ("-1", "NaN", "Infinity")
)
METRIC = {"key": "m", "kind": MetricKind.COUNT, "window": timedelta(days=1)}
GENERATOR = np.random.default_rng(1)


def first(values, *others):
    """Sequences that begin with a bad value."""
    return tuple([value, *others] for value in values)


def only(values):
    """The bad values as tuples of one."""
    return tuple((value,) for value in values)


def times(values):
    return first([deal_times.DealTime(value, WON) for value in values], *DEALS)


def sizes(values):
    return first([few_accounts.AccountOutcome(value, 1) for value in values], *ACCOUNTS)


def totals(values, contacts=5):
    return first([few_accounts.AccountOutcome(contacts, value) for value in values], *ACCOUNTS)


MEANS = [
    Front(arm_of_means, {"moments": SPEND}, {"scale": COUNTS}),
    Front(
        ratios.arm_of_ratio, {"moments": SPEND}, {"scale": COUNTS, "denominator_scale": COUNTS}
    ),
    Front(
        Comparison,
        {
            "method": Method.WELCH,
            "estimate": 1.0,
            "lower": 0.0,
            "upper": 2.0,
            "level": 0.95,
            "n_control": 9,
            "n_treatment": 9,
        },
        dict.fromkeys(("estimate", "lower", "upper", "level"), (math.nan, math.inf)),
    ),
    Front(
        CovariateMoments.checked,
        dict(zip(CovariateMoments.__struct_fields__, (2, 3, 5, (3,), ((5,),), (4,)), strict=True)),
        {
            "n": COUNTS,
            "sum_y": EXACT,
            "sum_yy": (*EXACT, 4),
            "sum_x[0]": only(EXACT),
            "sum_xx[0][0]": only(only((*EXACT, 4))),
            "sum_xy[0]": only((*EXACT, 9)),
        },
    ),
    Front(CovariateMoments.zero, {"covariates": 2}, {"covariates": AT_LEAST_1}),
    Front(CovariateMoments.of_unit, {"y": 1, "x": [1]}, {"y": EXACT, "x[0]": first(EXACT)}),
    Front(
        covariates.adjust, {"control": BEFORE, "treatment": BEFORE}, {"scale": COUNTS}
    ),
    Front(
        covariates.compare_adjusted,
        {"control": BEFORE, "treatment": BEFORE},
        {"level": LEVELS, "scale": COUNTS},
    ),
    Front(cuped.adjusted_difference, {"control": SPEND, "treatment": SPEND}, {"scale": COUNTS}),
    Front(group_sequential.boundary_of, {"information": (1.0,), "alpha": 0.05}, {
        "information[0]": only(SHARES_OF_UNITS), "information[1]": ((0.5, 0.4),),
        "information": ((), (1.1,)), "alpha": ALPHAS,
    }),
    Front(group_sequential.compare_at_look, {**ARMS, "information": [1.0]}, {
        "information[0]": only(SHARES_OF_UNITS), "information[1]": ((0.5, 0.4),),
        "information": ((), (1.1,)), "alpha": ALPHAS,
    }),
    Front(lifts.compare_relative, ARMS, {"method": (*CHOICES, Method.WELCH), "level": LEVELS}),
    Front(
        lifts.compare_relative_at_any_time,
        {**ARMS, "planned_units": 80},
        {"planned_units": POSITIVE, "alpha": ALPHAS},
    ),
    Front(measured_clusters.measured_clusters, {"moments": CONTACTS}, {
        "sum_y of moments": (Moments(n=2, sum_y=-1), Moments(n=2, sum_y=9, sum_d=8)),
    }),
    Front(
        Moments.checked,
        SUMS,
        dict.fromkeys(SUMS, EXACT)
        | {"n": COUNTS}
        | dict.fromkeys(("sum_yy", "sum_xx", "sum_dd"), (*EXACT, 4))
        | dict.fromkeys(("sum_xy", "sum_yd"), (*EXACT, 9, -9)),
    ),
    Front(novelty.moments_by_week, {"days": {TODAY: SPEND}, "start": TODAY}, {
        "days": ({date(2024, 2, 29): SPEND},),
    }),
    Front(novelty.effect_by_week, {"control": {0: SPEND}, "treatment": {0: SPEND}}, {
        "scale": COUNTS, "denominator_scale": (0.5, math.nan, "1", True, -1), "level": LEVELS,
        "fewest": AT_LEAST_1,
    }),
    Front(novelty.trend_of, {"weeks": []}, {"level": LEVELS}),
    Front(proportions.compare_proportions, {"control": SHARE, "treatment": SHARE}, {
        "sum_yy of control": (Moments(n=4, sum_y=2, sum_yy=4),),
        "sum_y of treatment": (Moments(n=4, sum_y=5, sum_yy=5),),
        "level": LEVELS,
    }),
    Front(
        proportions.wilson,
        {"events": 1, "n": 9},
        {"events": (*COUNTS, 10), "n": COUNTS, "level": LEVELS},
    ),
    Front(
        sequences.compare_at_any_time,
        {**ARMS, "planned_units": 80},
        {"planned_units": POSITIVE, "alpha": ALPHAS},
    ),
    Front(
        sequences.tightest_rho_squared,
        {"planned_units": 80, "alpha": 0.05},
        {"planned_units": POSITIVE, "alpha": ALPHAS},
    ),
    Front(welch.compare_means, ARMS, {"level": LEVELS}),
    Front(welch.interval_of_mean, {"arm": CONTROL}, {"level": LEVELS}),
    Front(with_indicator, {"values": [1, None]}, {
        "values[0]": first((0.5, 3.0, math.nan, "1", True)),
    }),
]  # fmt: skip

FEW_UNITS = [
    Front(exact_tests.Shares, TABLE, {
        "control_events": (*COUNTS, 10), "control": (*COUNTS, 201),
        "treatment_events": (*COUNTS, 10), "treatment": (*COUNTS, 201),
    }),
    Front(exact_tests.compare_exactly, {"shares": SHARES}, {"level": LEVELS}),
    *[
        Front(function, {"control": ACCOUNTS, "treatment": ACCOUNTS}, {
            "control[0].contacts": sizes(COUNTS),
            "control[0].total": totals(EXACT),
            "treatment[0].total": totals((1,), contacts=0),
            "level": LEVELS,
            "scale": EXACT,
        })
        for function in (
            few_accounts.compare_rates_of_few_accounts, few_accounts.compare_account_means,
        )
    ],
    Front(
        few_units.compare_by_relabelling,
        {
            "control": [1, 2],
            "treatment": [3, 5],
            "relabellings": relabelling.all_relabellings(2, 2),
        },
        {
            "control[0]": first(EXACT, 2),
            "treatment[0]": first(EXACT, 5),
            "relabellings": (relabelling.all_relabellings(3, 2),),
            "level": LEVELS,
            "scale": COUNTS,
        },
    ),
    Front(fisher.compare_odds, {"shares": SHARES}, {"level": LEVELS}),
    Front(relabelling.all_relabellings, {"n_control": 3, "n_treatment": 3}, {
        "n_control": (*AT_LEAST_1, 200), "n_treatment": AT_LEAST_1,
    }),
    Front(
        relabelling.drawn_relabellings,
        {"n_control": 3, "n_treatment": 3, "draws": 99, "generator": GENERATOR},
        {"n_control": AT_LEAST_1, "n_treatment": AT_LEAST_1, "draws": (*COUNTS, 98)},
    ),
    Front(safe_tests.Blocks, {}, {
        "control": AT_LEAST_1, "treatment": AT_LEAST_1, "prior": POSITIVE,
    }),
    Front(safe_tests.read_safely, {"control": [1, 0], "treatment": [1, 1]}, {
        "control[0]": first(BITS), "treatment[0]": first(BITS), "level": LEVELS,
    }),
    Front(safe_tests.log_e_path, {"control": [1, 0], "treatment": [1, 1]}, {
        "control[0]": first(BITS), "treatment[0]": first(BITS),
        "difference": (*NUMBERS, 1, -1, 2),
    }),
]  # fmt: skip

DEALS_AND_VIEWS = [
    Front(
        bayesian.Prior, {}, {"mean": NUMBERS, "deviation": POSITIVE}
    ),
    Front(bayesian.belief_in_lift, {"lift": 0.1, "standard_error": 0.1}, {
        "difference of lift": NUMBERS, "standard_error": NOT_NEGATIVE, "level": LEVELS,
    }),
    Front(
        bayesian.belief_in_difference,
        {"difference": 0.1, "standard_error": 0.1, "baseline_mean": 2},
        {
            "difference": NUMBERS,
            "standard_error": NOT_NEGATIVE,
            "baseline_mean": NUMBERS,
            "level": LEVELS,
        },
    ),
    Front(competing_risks.won_shares, {"deals": DEALS}, {
        "deals[0].time": times(COUNTS), "level": LEVELS,
    }),
    Front(
        competing_risks.compare_won,
        {"control": DEALS, "treatment": DEALS, "horizon": 9},
        {
            "control[0].time": times(COUNTS),
            "treatment[0].time": times(COUNTS),
            "horizon": COUNTS,
            "level": LEVELS,
        },
    ),
    Front(deal_times.closings_of, {"name": "deals", "deals": DEALS}, {
        "deals[0].time": times(COUNTS),
        "deals[0].state": tuple([deal_times.DealTime(9, state)] for state in ("won", None)),
    }),
    Front(empirical_bayes.shrink, {"groups": [empirical_bayes.Group(3, 9)]}, {
        "groups[0].events": tuple([empirical_bayes.Group(v, 9)] for v in (*COUNTS, 10)),
        "groups[0].n": tuple([empirical_bayes.Group(0, v)] for v in COUNTS),
        "level": LEVELS,
    }),
    Front(evidence.grade_of, {"assignment": evidence.Assignment.CHOSEN}, {
        "assignment": (*CHOICES, "randomised"), "delivery": CHOICES, "adjustment": CHOICES,
    }),
    Front(evidence.sentence_of, {"grade": evidence.Grade.A}, {"grade": CHOICES}),
    Front(sample_ratio.read_sample_ratio, {"counts": [5, 5], "weights": EVEN}, {
        "counts[0]": first(COUNTS, 5),
        "counts": ([5], [5, 5, 5]),
        "weights[0]": first((0.5, math.nan, "1", None, True, Decimal("NaN"), Fraction(-1)), 1),
        "weights": ([0, 0],),
    }),
    Front(
        sample_ratio_over_time.read_daily_sample_ratio,
        {"counts": {TODAY: [5, 5]}, "weights": EVEN},
        {
            "counts[0]": tuple({TODAY: counts} for counts in first(COUNTS, 5)),
            "weights[0]": first((0.5, math.nan, Fraction(-1)), 1),
        },
    ),
    Front(sample_ratio_over_time.read_epochs_sample_ratio, {"epochs": [([5, 5], EVEN)]}, {
        "counts[0] of epochs": tuple([(counts, EVEN)] for counts in first(COUNTS, 5)),
    }),
    Front(survival.open_shares, {"deals": DEALS}, {
        "deals[0].time": times(COUNTS), "level": LEVELS,
    }),
    Front(
        survival.compare_time_open,
        {"control": DEALS, "treatment": DEALS, "horizon": 10},
        {
            "control[0].time": times(COUNTS),
            "treatment[0].time": times(COUNTS),
            "horizon": AT_LEAST_1,
            "level": LEVELS,
        },
    ),
    Front(survival.compare_pace, {"control": DEALS, "treatment": DEALS}, {
        "control[0].time": times(COUNTS), "treatment[0].time": times(COUNTS),
    }),
    Front(winsorising.winsorise, {"outcomes": [1, 9], "cap": 3}, {
        "outcomes[0]": first(EXACT), "cap": EXACT,
    }),
    Front(winsorising.cap_from_history, {"history": [1, 9]}, {
        "history[0]": first(EXACT), "share": (0.5, *NUMBERS, 0, 1, Fraction(3, 2)),
    }),
]  # fmt: skip

WAYS_OF_LOOKING = (looks.SingleLook(), looks.AnyTime(), looks.PlannedLooks.evenly(2))
PLANS = [
    Front(clusters.Clusters, {"mean_size": 2, "intraclass_correlation": 0.1}, {
        "mean_size": (*NUMBERS, 0.5), "intraclass_correlation": (*NUMBERS, -0.1, 1.1),
        "size_variation": NOT_NEGATIVE,
    }),
    Front(
        clusters.Clusters(mean_size=2, intraclass_correlation=0).accounts_for,
        {"contacts": 9},
        {"contacts": COUNTS},
    ),
    Front(clusters.intraclass_correlation, {"accounts": [clusters.Account(2, 1, 1)]}, {
        "contacts of accounts": tuple([clusters.Account(v, 1, 1)] for v in AT_LEAST_1),
        "sum_yy of accounts": ([clusters.Account(2, 3, 4)],),
    }),
    Front(
        expected_end.Traffic,
        {"control": 4, "treatment": 4, "period": timedelta(1)},
        {"control": COUNTS, "treatment": COUNTS, "period": (timedelta(0), timedelta(-1))},
    ),
    Front(
        expected_end.expected_end,
        {"needed": UNITS, "exposed": UNITS, "traffic": TRAFFIC, "window": timedelta(1), "now": NOW},
        {"window": (timedelta(-1),), "now": (NO_ZONE,)},
    ),
    Front(looks.AnyTime, {}, {"reached": POSITIVE}),
    Front(looks.PlannedLooks, {"fractions": (1.0,)}, {
        "fractions[0]": only(POSITIVE), "fractions": ((), (0.5,), (1.0,) * 31),
        "spending": (*CHOICES, "pocock"),
    }),
    Front(looks.PlannedLooks.evenly, {"looks": 2}, {"looks": AT_LEAST_1, "spending": CHOICES}),
    *[Front(way.critical, {"alpha": 0.05}, {"alpha": ALPHAS}) for way in WAYS_OF_LOOKING],
    *[
        Front(way.drift_for, {"power": 0.8, "alpha": 0.05}, {"power": LEVELS, "alpha": ALPHAS})
        for way in WAYS_OF_LOOKING
    ],
    *[
        Front(way.power_of, {"drift": 2.8, "alpha": 0.05}, {"drift": NUMBERS, "alpha": ALPHAS})
        for way in WAYS_OF_LOOKING
    ],
    Front(looks.inflation, {"looks": looks.AnyTime()}, {"alpha": ALPHAS, "power": LEVELS}),
    Front(looks.boundaries, {"looks": looks.PlannedLooks((1.0,)), "alpha": 0.05}, {
        "alpha": ALPHAS,
    }),
    Front(plan.MetricPlan, METRIC, {
        "equivalence": (math.nan, math.inf, 0, -1), "margin": (math.nan, math.inf, 0, -1),
    }),
    Front(
        plan.ExperimentPlan,
        {"key": "e", "arms": (A, B), "metrics": (), "planned_units": 80},
        {
            "planned_units": (math.nan, 0, 1, -5),
            "alpha": (math.nan, math.inf, 0, 0.6),
            "looks": ((0.0,), (1.5,), (0.5, 0.5), (math.nan,)),
            "arms": ((), (A,), (A, A), (B, B), *BAD_WEIGHTS),
            "comparisons": ((("a", "a"),), (("a", "c"),)),
        },
    ),
    Front(planning.Baseline, {"mean": 2, "variance": 1}, {
        "mean": NUMBERS, "variance": NOT_NEGATIVE,
    }),
    Front(planning.ShareBaseline, {"share": 0.1}, {"share": LEVELS}),
    Front(planning.Design, {}, {
        "alpha": ALPHAS, "power": LEVELS, "treatment_per_control": POSITIVE,
        "design_effect": (*NUMBERS, 0.9), "looks": (*CHOICES, "any_time"),
    }),
    Front(planning.Design().treatment_units, {"n_control": 9}, {"n_control": COUNTS}),
    Front(planning.units_needed, {"baseline": BASELINE, "effect": 0.5}, {"effect": NUMBERS}),
    Front(planning.power_of, {"baseline": BASELINE, "effect": 0.5, "units": UNITS}, {
        "effect": NUMBERS,
        "units.control": tuple(planning.Units(v, 9) for v in AT_LEAST_2),
    }),
    Front(planning.detectable_effect, {"baseline": BASELINE, "units": UNITS}, {
        "units.treatment": tuple(planning.Units(9, v) for v in AT_LEAST_2),
    }),
    Front(planning.refuse_too_few, {"units": UNITS}, {
        "units.treatment": tuple(planning.Units(9, v) for v in AT_LEAST_2),
    }),
    Front(planning_lift.units_needed_for_lift, {"baseline": BASELINE, "lift": 0.1}, {
        "lift": NUMBERS,
    }),
    Front(planning_lift.power_for_lift, {"baseline": BASELINE, "lift": 0.1, "units": UNITS}, {
        "lift": NUMBERS, "units.control": tuple(planning.Units(v, 9) for v in AT_LEAST_2),
    }),
    Front(planning_lift.detectable_lift, {"baseline": BASELINE, "units": UNITS}, {
        "units.control": tuple(planning.Units(v, 9) for v in AT_LEAST_2),
    }),
    Front(
        progress.expected_at,
        {
            "planned_units": 99,
            "exposed_units": 9,
            "exposed_since": NOW - timedelta(1),
            "window": timedelta(0),
            "now": NOW,
        },
        {"planned_units": COUNTS, "exposed_units": COUNTS},
    ),
]  # fmt: skip

FRONTS = [*MEANS, *FEW_UNITS, *DEALS_AND_VIEWS, *PLANS]
