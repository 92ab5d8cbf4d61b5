"""Watched at every unit, experiments without effect show a difference in at most α of all runs.

A few settings of the full calibration (`python -m benchmarks.calibration`), by the library's own
columns; and that the calibration would notice: what may not be watched does not pass.
"""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest

from benchmarks.calibrated_methods import (
    ALPHA,
    Setting,
    Simulated,
    Watched,
    draw,
    every_unit,
    views,
    watch,
    watch_few_accounts,
)
from benchmarks.calibration import (
    FOLDER,
    Line,
    calibrate,
    calibrate_sample_ratio,
    planned_effect,
    settings,
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
from inference.sequences import log_e_value, log_e_values, tightest_rho_squared

RUNS = 600
SETTINGS = [
    pytest.param(Setting(normal(), 300), id="normal"),
    pytest.param(Setting(with_covariate(0.7), 300), id="adjusted by a covariate"),
    pytest.param(Setting(bernoulli(0.3), 300), id="30 % convert"),
    pytest.param(Setting(poisson(0.5), 300, 0.1), id="counts, 10 % of the traffic"),
    pytest.param(Setting(deal_values(), 400, 0.05), id="deal values, 5 % of the traffic"),
    pytest.param(Setting(accounts(0.3), 200), id="contacts of accounts"),
]
WITH_LIFT = SETTINGS[2:]


def at_most(share: float, runs: int = RUNS) -> float:
    """Three simulation errors above."""
    return share + 3 * math.sqrt(share * (1 - share) / runs)


def watched(setting: Setting, method: str, looks: str, *, effect: float = 0.0) -> Watched:
    simulated = draw(np.random.default_rng(11), setting, RUNS, effect)
    view = next(view for view in views(setting) if (view.method, view.looks) == (method, looks))
    return watch(view, setting, simulated)


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_share_of_false_alarms_stays_below_alpha(setting):
    seen = watched(setting, "confidence sequence", "every unit")

    assert seen.exists.any(axis=1).mean() > 0.9
    assert seen.ever_excludes() <= at_most(ALPHA)


@pytest.mark.parametrize("setting", WITH_LIFT)
def test_the_share_of_false_alarms_about_the_lift_stays_below_alpha(setting):
    seen = watched(setting, "lift, confidence sequence", "every unit")

    assert seen.exists.any(axis=1).mean() > 0.9
    assert seen.ever_excludes() <= at_most(ALPHA)


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_interval_holds_a_true_effect_at_every_look(setting):
    seen = watched(setting, "confidence sequence", "every unit", effect=planned_effect(setting))

    assert 1 - seen.always_holds() <= at_most(ALPHA)


def test_arms_that_differ_in_noise_only_stay_below_alpha():
    setting = Setting(normal(), 300, 0.1)
    quiet = draw(np.random.default_rng(14), setting, RUNS, 0.0).sample
    noisy = Sample(quiet.treated, quiet.y * np.where(quiet.treated, 5, 1))
    view = next(views(setting))

    assert watch(view, setting, Simulated(noisy, 0.0)).ever_excludes() <= at_most(ALPHA)


def test_registered_looks_keep_their_alpha():
    assert watched(Setting(normal(), 300), "group sequential", "five").ever_excludes() <= at_most(
        ALPHA
    )


def test_a_fixed_interval_watched_all_along_would_not_pass():
    seen = watched(Setting(normal(), 300), "Welch", "every unit")

    assert seen.ever_excludes() > 4 * at_most(ALPHA)


def test_the_arms_own_variances_alone_would_not_pass():
    setting = Setting(bernoulli(0.05), 600, 0.05)
    simulated = draw(np.random.default_rng(15), setting, RUNS, 0.0)
    differences = simulated.at(every_unit(setting.units))
    rho_squared = np.full(len(differences), tightest_rho_squared(setting.units, alpha=ALPHA))
    enough = np.minimum(differences.n_control, differences.n_treatment) >= 10

    with np.errstate(all="ignore"):
        own = log_e_value(
            differences.estimate, differences.variance, differences.n * 1.0, rho_squared
        )
    pooled = log_e_values(differences, rho_squared)

    def alarms(log_e):
        crossed = (log_e >= -math.log(ALPHA)) & enough
        return crossed.reshape(RUNS, -1).any(axis=1).mean()

    assert alarms(own) > 4 * at_most(ALPHA)
    assert alarms(pooled) <= at_most(ALPHA)


def test_a_real_effect_is_found_by_the_planned_size():
    # Planned for a fixed power of 80 % the sequence reaches 54 % by then, simulated independently.
    setting = Setting(normal(), 788)

    seen = watched(setting, "confidence sequence", "every unit", effect=200.0)

    assert seen.ever_excludes() == pytest.approx(0.54, abs=3 * math.sqrt(0.54 * 0.46 / RUNS))


def test_a_single_look_has_the_power_it_was_planned_for():
    setting = Setting(normal(), 300)

    seen = watched(setting, "Welch", "one", effect=planned_effect(setting))

    assert seen.ever_excludes() == pytest.approx(0.8, abs=3 * math.sqrt(0.8 * 0.2 / RUNS))


def test_account_means_hold_their_alpha_with_six_accounts_an_arm():
    simulated = draw(np.random.default_rng(16), Setting(accounts(0.3), 12), RUNS, 0.0)

    found = watch_few_accounts(simulated)

    assert found["account means"].ever_excludes() <= at_most(ALPHA)


def test_the_alarm_of_the_split_is_rare_where_the_split_is_true():
    (line,) = calibrate_sample_ratio(runs=400, units=2000)

    assert line.false_alarms <= at_most(0.001, 400)


# The committed table


def lines_of_the_table() -> list[Line]:
    with (FOLDER / "table.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    kinds = Line.__annotations__.values()
    return [Line(*(kind(cell) for kind, cell in zip(kinds, row, strict=True))) for row in rows]


def test_the_committed_table_covers_every_setting():
    table = {
        (line.outcome, line.units_of_smaller_arm, line.treated) for line in lines_of_the_table()
    }

    for setting in settings():
        assert (setting.distribution.name, setting.fewest_per_arm, setting.share) in table


def test_the_committed_table_is_what_the_calibration_computes():
    setting, *_ = settings()

    again = calibrate(setting)

    for line, committed in zip(again, lines_of_the_table(), strict=False):
        assert line[:6] == committed[:6]
        assert line[6:] == pytest.approx(committed[6:], abs=0.01)


def test_what_may_be_watched_kept_its_promise_in_the_full_calibration():
    watchable = [line for line in lines_of_the_table() if "confidence sequence" in line.method]

    assert len(watchable) > 40
    for line in watchable:
        assert line.false_alarms <= at_most(ALPHA, line.runs), line
        assert 1 - line.coverage <= at_most(ALPHA, line.runs), line
