"""Watched at every unit, experiments without effect show a difference in at most α of all runs.

A small simulation of every method, seeded, by the library's own columns; that it would notice what
does not hold; and that the committed table (`make calibrate`) keeps the rules and is up to date.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from benchmarks.calibrated_methods import (
    ALPHA,
    FIVE,
    GROUP_SEQUENTIAL,
    LIFT_SEQUENCE,
    SEQUENCE,
    View,
    every_unit,
    views,
    watch,
)
from benchmarks.calibrated_plans import planned_effect, planned_power
from benchmarks.calibrated_settings import Planned, plans, settings
from benchmarks.calibrated_splits import SplitRates, watch_splits
from benchmarks.calibrated_units import SAFE_TEST, unit_views, watch_units
from benchmarks.calibration import FOLDER, calibrate_plan, calibrate_sums
from benchmarks.calibration_pictures import draw_all
from benchmarks.calibration_table import (
    POWER_TOLERANCE,
    Line,
    at_most,
    read_looks,
    read_table,
    write_markdown,
)
from benchmarks.drawn_outcomes import (
    Sample,
    accounts,
    bernoulli,
    deal_values,
    normal,
    poisson,
    with_covariate,
)
from benchmarks.simulated_experiments import Purpose, Seen, Setting, Simulated, Watched, draw
from inference.looks import AnyTime, SingleLook
from inference.safe_tests import Blocks, read_safely
from inference.sequences import log_e_value, log_e_values, tightest_rho_squared

RUNS = 600
WATCHED = [
    pytest.param(Setting(normal(), 300), id="normal"),
    pytest.param(Setting(with_covariate(0.7), 150), id="adjusted by a covariate"),
    pytest.param(Setting(bernoulli(0.3), 300), id="30 % convert"),
    pytest.param(Setting(bernoulli(0.02), 3_000), id="2 % convert"),
    pytest.param(Setting(poisson(0.5), 500, 0.1), id="counts, 10 % of the traffic"),
    pytest.param(Setting(deal_values(), 1_000, 0.05), id="deal values, 5 % of the traffic"),
    pytest.param(Setting(accounts(0.3), 160), id="contacts of accounts"),
]
WITH_LIFT = WATCHED[2:]
READ_ONCE = [
    pytest.param(Setting(normal(), 12), "randomisation", id="randomisation, 6 units an arm"),
    pytest.param(Setting(accounts(0.3), 12), "CR2", id="CR2, 6 accounts an arm"),
    pytest.param(Setting(accounts(0.05), 24), "CR2", id="CR2, 12 accounts an arm"),
    pytest.param(Setting(bernoulli(0.2), 12), "Boschloo", id="Boschloo, 6 units an arm"),
]
SAFE = [
    pytest.param(Setting(bernoulli(0.2), 12), id="6 units an arm"),
    pytest.param(Setting(bernoulli(0.2), 40), id="20 units an arm"),
    pytest.param(Setting(bernoulli(0.5), 80, 0.25), id="20 beside 60"),
    pytest.param(Setting(bernoulli(0.5), 200, 0.1), id="20 beside 180"),
]


def simulated(setting: Setting, *, runs: int = RUNS, effect: float = 0.0) -> Simulated:
    return draw(np.random.default_rng(11), setting, runs, effect)


def view_of(setting: Setting, method: str) -> View:
    return next(view for view in views(setting) if view.method == method)


def watched(setting: Setting, method: str, *, runs: int = RUNS, effect: float = 0.0) -> Watched:
    return watch(view_of(setting, method), setting, simulated(setting, runs=runs, effect=effect))


def shown_ever(seen: Watched | Seen) -> float:
    summary = seen.summary() if isinstance(seen, Watched) else seen
    return float(summary.ever_excludes.mean())


def read_from_units(
    setting: Setting, method: str, *, runs: int = RUNS, effect: float = 0.0
) -> Seen:
    known = unit_views(setting, np.random.default_rng(12))
    view = next(view for view in known if view.method == method)
    return watch_units(view, simulated(setting, runs=runs, effect=effect))


# What is watched


@pytest.mark.parametrize("setting", WATCHED)
def test_the_share_of_false_alarms_stays_below_alpha(setting):
    seen = watched(setting, SEQUENCE)

    assert seen.exists.any(axis=1).mean() > 0.9
    assert shown_ever(seen) <= at_most(ALPHA, RUNS)


@pytest.mark.parametrize("setting", WITH_LIFT)
def test_the_share_of_false_alarms_about_the_lift_stays_below_alpha(setting):
    seen = watched(setting, LIFT_SEQUENCE)

    assert seen.exists.any(axis=1).mean() > 0.9
    assert shown_ever(seen) <= at_most(ALPHA, RUNS)


@pytest.mark.parametrize("setting", WATCHED)
def test_the_interval_holds_a_true_effect_at_every_look(setting):
    seen = watched(setting, SEQUENCE, effect=planned_effect(setting))

    assert 1 - seen.holds_truth.all(axis=1).mean() <= at_most(ALPHA, RUNS)


@pytest.mark.parametrize("setting", SAFE)
def test_the_safe_test_of_few_units_keeps_alpha_and_holds_the_truth(setting):
    null = read_from_units(setting, SAFE_TEST)
    true = read_from_units(setting, SAFE_TEST, effect=0.3)

    assert shown_ever(null) <= at_most(ALPHA, RUNS)
    assert 1 - true.always_holds.mean() <= at_most(ALPHA, RUNS)


def test_the_evidence_of_the_safe_test_says_what_its_interval_says():
    setting = Setting(bernoulli(0.2), 40)
    sample = simulated(setting, runs=25, effect=0.6).sample
    (safe,) = (v for v in unit_views(setting, np.random.default_rng()) if v.method == SAFE_TEST)

    seen = watch_units(safe, Simulated(sample, 0.6))

    arms = [(y[~treated], y[treated]) for treated, y in zip(sample.treated, sample.y, strict=True)]
    readings = [read_safely(c.tolist(), t.tolist(), Blocks()) for c, t in arms]
    assert 0 < seen.excludes_at_end.sum() < 25
    assert seen.excludes_at_end.tolist() == [reading.excludes_zero for reading in readings]


def test_arms_that_differ_in_noise_only_stay_below_alpha():
    setting = Setting(normal(), 400, 0.1)
    quiet = simulated(setting).sample
    noisy = Simulated(Sample(quiet.treated, quiet.y * np.where(quiet.treated, 5, 1)), 0.0)

    seen = watch(view_of(setting, SEQUENCE), setting, noisy)

    assert shown_ever(seen) <= at_most(ALPHA, RUNS)


def test_the_alarm_of_the_split_is_rare_where_it_is_true_and_sure_where_it_is_not():
    rates = {(rate.method, rate.split): rate for rate in splits()}
    alarm = [rate for (method, _), rate in rates.items() if method == "e-process of the split"]

    assert max(rate.false_alarms for rate in alarm) <= at_most(0.001, RUNS)
    assert rates["e-process of the split", 0.60].detected > 0.99


def test_chi_square_watched_would_raise_the_alarm_far_too_often():
    (rate, _) = (rate for rate in splits() if rate.method == "χ², watched")

    assert rate.false_alarms > 2 * at_most(0.001, RUNS)


@cache
def splits() -> tuple[SplitRates, ...]:
    return tuple(watch_splits(5, RUNS, units=1_500))


# What is read at registered looks, or once


@pytest.mark.parametrize("setting", [Setting(normal(), 300), Setting(accounts(0.2), 250)])
def test_registered_looks_keep_their_alpha(setting):
    seen = watched(setting, GROUP_SEQUENTIAL)

    assert shown_ever(seen) <= at_most(ALPHA, RUNS)
    assert 1 - seen.holds_truth.all(axis=1).mean() <= at_most(ALPHA, RUNS)


@pytest.mark.parametrize(("setting", "method"), READ_ONCE)
def test_tests_of_few_units_keep_their_alpha(setting, method):
    seen = read_from_units(setting, method, runs=250)

    assert seen.readable.mean() > 0.9
    assert shown_ever(seen) <= at_most(ALPHA, 250)


@pytest.mark.parametrize("method", ["delta method", "lift, Fieller"])
def test_one_look_at_many_accounts_covers_the_truth(method):
    setting = Setting(accounts(0.2), 120)

    seen = watched(setting, method, effect=planned_effect(setting), runs=2_000)

    assert 1 - seen.holds_truth.mean() <= at_most(ALPHA, 2_000)


def test_newcombes_interval_covers_the_truth():
    seen = watched(Setting(bernoulli(0.2), 200), "Newcombe", effect=0.1, runs=2_000)

    assert 1 - seen.holds_truth.mean() <= at_most(ALPHA, 2_000)


# That the calibration would notice


def test_a_fixed_interval_watched_all_along_would_not_pass():
    seen = watched(Setting(normal(), 300), "Welch, watched")

    assert shown_ever(seen) > 4 * at_most(ALPHA, RUNS)


def test_the_delta_method_would_not_pass_with_few_accounts():
    seen = watched(Setting(accounts(0.30), 12), "delta method", runs=4_000)

    assert shown_ever(seen) > at_most(ALPHA, 4_000)


def test_the_arms_own_variances_alone_would_not_pass():
    setting = Setting(bernoulli(0.05), 600, 0.05)
    differences = simulated(setting).at(every_unit(setting.units))
    rho_squared = np.full(len(differences), tightest_rho_squared(setting.units, alpha=ALPHA))
    enough = np.minimum(differences.n_control, differences.n_treatment) >= 10

    with np.errstate(all="ignore"):
        own = log_e_value(
            differences.estimate, differences.variance, differences.n * 1.0, rho_squared
        )
    pooled = log_e_values(differences, rho_squared)

    def alarms(log_e: np.ndarray) -> float:
        crossed = (log_e >= -math.log(ALPHA)) & enough
        return float(crossed.reshape(RUNS, -1).any(axis=1).mean())

    assert alarms(own) > 4 * at_most(ALPHA, RUNS)
    assert alarms(pooled) <= at_most(ALPHA, RUNS)


def test_a_line_off_its_level_or_off_its_plan_is_told_from_one_that_is_not():
    line = Line(
        outcome="normal",
        planned="units",
        units_of_smaller_arm=50,
        treated=0.5,
        method=SEQUENCE,
        purpose=Purpose.DECIDES,
        looks=9,
        runs=2_000,
        alpha=0.05,
        readable=1,
        false_alarms=0.05,
        coverage=0.95,
        planned_power=0.8,
        power_at_end=0.8,
        power=0.9,
    )

    assert line.keeps_its_level
    assert line.is_as_powerful_as_planned
    assert not line._replace(false_alarms=0.07).keeps_its_level
    assert not line._replace(coverage=0.93).keeps_its_level
    assert not line._replace(power_at_end=0.73).is_as_powerful_as_planned
    assert not line._replace(power_at_end=0.87).is_as_powerful_as_planned


# Power


def test_a_real_effect_is_found_by_the_planned_size():
    # Planned for a fixed power of 80 % the sequence reaches 54 % by then, simulated independently.
    seen = watched(Setting(normal(), 788), SEQUENCE, effect=200.0)

    assert shown_ever(seen) == pytest.approx(0.54, abs=3 * math.sqrt(0.54 * 0.46 / RUNS))


PLANNED = [
    pytest.param(Planned(normal(), 250, SingleLook()), id="means, one look"),
    pytest.param(Planned(normal(), 250, FIVE), id="means, five looks"),
    pytest.param(Planned(normal(), 250, AnyTime()), id="means, watched"),
    pytest.param(Planned(bernoulli(0.2), 0.1, SingleLook()), id="shares, one look"),
    pytest.param(Planned(bernoulli(0.2), 0.1, AnyTime()), id="shares, watched"),
    pytest.param(Planned(accounts(0.2), 0.15, SingleLook()), id="contacts of accounts, one look"),
    pytest.param(Planned(with_covariate(0.7), 250, SingleLook()), id="adjusted, one look"),
]


@pytest.mark.parametrize("planned", PLANNED)
def test_the_planned_units_have_the_planned_power(planned):
    for line in calibrate_plan(planned, runs=RUNS):
        assert line.planned_power == pytest.approx(0.8, abs=0.01)
        assert line.is_as_powerful_as_planned, line
        assert line.power >= line.power_at_end


# The committed table


@cache
def table() -> tuple[Line, ...]:
    return tuple(read_table(FOLDER / "table.csv"))


def test_the_committed_table_covers_every_setting_and_plan():
    simulated_before = {
        (line.planned, line.outcome, line.units_of_smaller_arm, line.treated) for line in table()
    }

    for setting in settings():
        size = setting.fewest_per_arm, round(setting.share, 4)
        assert ("effect", setting.distribution.name, *size) in simulated_before
    for setting in (planned.setting for planned in plans()):
        size = setting.fewest_per_arm, round(setting.share, 4)
        assert ("units", setting.distribution.name, *size) in simulated_before


@pytest.mark.parametrize("setting", [Setting(normal(), 24), Setting(accounts(0.3), 12)])
def test_the_committed_table_is_what_the_calibration_computes(setting):
    again = calibrate_sums(setting)

    name, size = setting.distribution.name, setting.fewest_per_arm
    committed = [x for x in table() if (x.outcome, x.units_of_smaller_arm) == (name, size)]
    for line, before in zip(again, committed, strict=False):
        assert line[:8] == before[:8]
        assert line[8:] == pytest.approx(before[8:], abs=0.002, nan_ok=True)


def test_the_committed_plans_are_those_of_planning_today():
    for planned in plans():
        setting = planned.setting
        power = planned_power(setting, planned.effect, planned.looks)
        lines = [
            line
            for line in table()
            if line.planned == "units"
            and line.outcome == setting.distribution.name
            and line.units_of_smaller_arm == setting.fewest_per_arm
            and line.planned_power == pytest.approx(power, rel=1e-5)
        ]
        assert lines, (setting.distribution.name, setting.units, planned.looks)


def test_what_decides_kept_its_level_in_the_full_calibration():
    deciding = [line for line in table() if line.decides]

    assert len(deciding) > 60
    assert {line.outcome for line in deciding} >= {
        "normal",
        "2 % convert",
        "20 % convert",
        "Poisson, mean 0.5",
        "log-normal, capped",
        "accounts, ICC 0.05",
        "accounts, ICC 0.20",
        "accounts, ICC 0.30",
    }
    assert [line for line in deciding if line.raises_too_many] == []
    off = [line for line in deciding if not line.keeps_its_level]
    # Six accounts an arm cannot tell how far from 1 the rates of the treated ones lie.
    assert {(line.method, line.outcome, line.units_of_smaller_arm) for line in off} <= {
        ("CR2", "accounts, ICC 0.30", 6)
    }


def test_what_stands_beside_kept_its_level_in_equal_arms_of_the_full_calibration():
    beside = [line for line in table() if line.is_shown and not line.decides]
    equal = [line for line in beside if line.treated == pytest.approx(0.5, abs=0.01)]

    assert len(equal) > 60
    assert [line for line in equal if line.raises_too_many] == []


def test_what_may_be_watched_kept_its_level_with_5_and_10_percent_of_the_traffic():
    watched_lines = [
        line
        for line in table()
        if line.is_shown and line.treated < 0.11 and line.method in {SEQUENCE, LIFT_SEQUENCE}
    ]

    assert {round(line.treated, 2) for line in watched_lines} == {0.05, 0.1}
    assert [line for line in watched_lines if not line.keeps_its_level] == []


def test_what_is_planned_for_kept_its_power_in_the_full_calibration():
    planned = [line for line in table() if line.planned == "units"]

    def has_pooled_plan(line: Line) -> bool:
        """One look at shares in unequal arms, by a method that does not pool their variances."""
        is_unequal = line.treated < 0.4 and "convert" in line.outcome
        return is_unequal and line.method == "Welch"

    assert len(planned) > 30
    assert POWER_TOLERANCE == 0.03
    for line in planned:
        assert line.is_as_powerful_as_planned or has_pooled_plan(line), line


def test_the_watched_interval_finds_more_than_its_plan_counts():
    watched_lines = [x for x in table() if x.planned == "units" and x.method == SEQUENCE]

    assert len(watched_lines) > 9
    for line in watched_lines:
        assert line.power > line.power_at_end + 0.03


def test_the_alarm_of_the_split_kept_its_level_and_finds_wrong_splits():
    alarm = [line for line in table() if line.method == "e-process of the split"]

    assert [line.false_alarms <= at_most(0.001, line.runs) for line in alarm] == [True, True]
    assert [line.power for line in alarm] == [pytest.approx(0.13, abs=0.02), 1.0]


def test_the_page_says_what_the_table_says(tmp_path):
    write_markdown(table(), tmp_path / "table.md")

    assert (tmp_path / "table.md").read_text() == (FOLDER / "table.md").read_text()


def test_the_pictures_are_drawn_from_the_tables_and_always_the_same(tmp_path):
    draw_all(table(), read_looks(FOLDER / "looks.csv"), tmp_path)

    drawn = {path.name: path.read_bytes() for path in tmp_path.glob("*.svg")}
    assert set(drawn) == {path.name for path in FOLDER.glob("*.svg")}
    for name, picture in drawn.items():
        assert picture == (FOLDER / name).read_bytes(), name
