"""What planning says of a simulated experiment: the effect to simulate, its power, the units."""

import math

from benchmarks.calibrated_methods import ALPHA
from benchmarks.drawn_outcomes import Distribution
from benchmarks.simulated_experiments import Setting
from inference.looks import Looks, SingleLook
from inference.planning import (
    Design,
    NoPlan,
    Units,
    detectable_effect,
    power_of,
    units_needed,
)

POWER = 0.8


def planned_effect(setting: Setting) -> float:
    """The effect that a single look at all units finds with 80 %."""
    units, design = _units(setting), _design(setting, SingleLook())
    return _there(detectable_effect(setting.distribution.baseline, units, design))


def planned_power(setting: Setting, effect: float, looks: Looks) -> float:
    """Chance to find the effect in the setting's units when read like this."""
    design = _design(setting, looks)
    return _there(power_of(setting.distribution.baseline, effect, _units(setting), design))


def planned_setting(
    distribution: Distribution, effect: float, looks: Looks, *, share: float = 0.5
) -> Setting:
    """The experiment that finds the effect with 80 % when read like this."""
    design = _design(Setting(distribution, 2, share), looks)
    found = units_needed(distribution.baseline, effect, design)
    if isinstance(found, NoPlan):
        raise ValueError(f"no plan: {found.detail}")
    clusters = distribution.clusters
    control, treated = (
        clusters.accounts_for(units) if clusters else units
        for units in (found.control, found.treatment)
    )
    return Setting(distribution, control + treated, treated / (control + treated))


def _units(setting: Setting) -> Units:
    """As planning counts them: contacts where accounts were randomised."""
    clusters = setting.distribution.clusters
    size = clusters.mean_size if clusters else 1
    return Units(round(setting.control * size), round(setting.treated * size))


def _design(setting: Setting, looks: Looks) -> Design:
    clusters = setting.distribution.clusters
    return Design(
        alpha=ALPHA,
        power=POWER,
        treatment_per_control=setting.share / (1 - setting.share),
        design_effect=clusters.design_effect if clusters else 1.0,
        looks=looks,
    )


def _there(found: float | NoPlan) -> float:
    if isinstance(found, NoPlan):
        raise ValueError(f"no plan: {found.detail}")
    assert math.isfinite(found)
    return found
