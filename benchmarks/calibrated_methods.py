"""The library's methods on simulated experiments, at the looks at which each may be read.

What is calibrated is what the library computes: exact sums of simulated units go through the same
columns, with the same floors, as those of real experiments.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn_outcomes import Ints
from benchmarks.simulated_experiments import Purpose, Setting, Simulated, Watched
from inference import reasons
from inference.comparison import Method, Reason
from inference.comparisons import Comparisons
from inference.differences import Differences
from inference.group_sequential import at_look, boundary_of
from inference.lifts import always_valid_lifts, lifts
from inference.looks import AnyTime, Looks, PlannedLooks, SingleLook
from inference.proportions import proportions
from inference.sequences import always_valid, tightest_rho_squared
from inference.statuses import FEWEST_UNITS, FEWEST_UNITS_OF_A_RATIO
from inference.welch import welch

ALPHA = 0.05
FIVE = PlannedLooks.evenly(5)
MOST_LOOKS = 500
SEQUENCE, GROUP_SEQUENTIAL = "confidence sequence", "group sequential"
LIFT_SEQUENCE = "lift, confidence sequence"
_NEVER = 8.0
"""A boundary that nothing crosses: before the first look there is none."""
Read = Callable[[Differences, Ints, Setting], Comparisons]


class View(NamedTuple):
    """A method, the looks at which it is read (in units seen), and how a plan counts them."""

    method: str
    at: Callable[[int], Ints]
    read: Read
    purpose: Purpose
    planned: Looks | None = None
    is_lift: bool = False


def views(setting: Setting) -> Iterator[View]:
    """The methods on sums that fit the setting."""
    fixed = "delta method" if setting.distribution.clusters else "Welch"
    beside = setting.purpose
    if setting.distribution.has_covariate:
        yield View(SEQUENCE, every_unit, sequence, beside, AnyTime())
        yield View(fixed, at_the_end, _shown(_welch, setting), beside, SingleLook())
        yield View(f"{fixed}, watched", often, _welch, Purpose.CONTRAST)
        return
    decides = Purpose.CONTRAST if setting.is_small else Purpose.DECIDES
    yield View(SEQUENCE, every_unit, sequence, decides, AnyTime())
    yield View(fixed, at_the_end, _shown(_welch, setting), beside, SingleLook())
    yield View(f"{fixed}, watched", often, _welch, Purpose.CONTRAST)
    yield View(GROUP_SEQUENTIAL, _five, _shown(group_sequential, setting), beside, FIVE)
    yield View(
        f"{GROUP_SEQUENTIAL}, read between its looks",
        often,
        _shown(group_sequential, setting),
        Purpose.CONTRAST,
    )
    if setting.distribution.is_share_of_units:
        yield View("Newcombe", at_the_end, _shown(_proportions, setting), beside, SingleLook())
    if setting.distribution.mean > 0:
        yield from _views_of_lifts(setting, beside)


def _views_of_lifts(setting: Setting, beside: Purpose) -> Iterator[View]:
    lift = partial(View, is_lift=True)
    yield lift(LIFT_SEQUENCE, every_unit, _lift_sequence, beside)
    fieller = _shown(_lift(Method.LIFT_FIELLER), setting)
    yield lift("lift, Fieller", at_the_end, fieller, beside)
    yield lift("lift, logarithm", at_the_end, _lift(Method.LIFT_LOG), Purpose.CONTRAST)
    yield lift("lift, delta method", at_the_end, _lift(Method.LIFT_DELTA), Purpose.CONTRAST)


def watch(view: View, setting: Setting, simulated: Simulated) -> Watched:
    """A method at its looks, held against the effect, or the lift where it is for one."""
    looks = view.at(setting.units)
    effect = simulated.effect
    truth = effect / setting.distribution.mean if view.is_lift else effect
    found = view.read(simulated.at(looks), looks, setting)
    holds = (found.figures.lower <= truth) & (truth <= found.figures.upper)
    columns = (found.exists, found.excludes_zero, holds | ~found.exists)
    return Watched(*(column.reshape(-1, len(looks)) for column in columns))


def every_unit(units: int) -> Ints:
    """From the fourth unit on, up to the last; above 500 units some 500 of them, evenly."""
    return np.arange(units, 3, -(1 + (units - 1) // MOST_LOOKS))[::-1]


def often(units: int) -> Ints:
    """For what must not be watched a hundred looks are enough to see it."""
    return np.unique(np.linspace(4, units, min(100, units - 3)).astype(np.int64))


def at_the_end(units: int) -> Ints:
    """One look, at all units."""
    return np.array([units])


def evenly(looks: int) -> Callable[[int], Ints]:
    """So many looks at equal distances."""
    return lambda units: np.array([units * look // looks for look in range(1, looks + 1)])


_five = evenly(5)


def sequence(differences: Differences, _: Ints, setting: Setting) -> Comparisons:
    """The always-valid interval, with the floors of a reading."""
    shown = _above_the_floors(differences, setting)
    return always_valid(shown, _rho_squared(differences, setting), alpha=ALPHA)


def _lift_sequence(differences: Differences, _: Ints, setting: Setting) -> Comparisons:
    shown = _above_the_floors(differences, setting)
    return always_valid_lifts(shown, _rho_squared(differences, setting), alpha=ALPHA)


def _rho_squared(differences: Differences, setting: Setting) -> NDArray[np.float64]:
    return np.full(len(differences), tightest_rho_squared(setting.units, alpha=ALPHA))


def _welch(differences: Differences, _looks: Ints, _setting: Setting) -> Comparisons:
    return welch(differences, alpha=ALPHA)


def _proportions(differences: Differences, _looks: Ints, _setting: Setting) -> Comparisons:
    return proportions(differences, differences.reasons, alpha=ALPHA)


def _lift(method: Method) -> Read:
    def read(differences: Differences, _looks: Ints, _setting: Setting) -> Comparisons:
        # The delta method divides by its error, 0 where all of the treatment is 0.
        with np.errstate(divide="ignore"):
            return lifts(differences, method=method, alpha=ALPHA)

    return read


def group_sequential(differences: Differences, looks: Ints, setting: Setting) -> Comparisons:
    """Five registered looks; in between, the boundary of the last one that was reached."""
    fractions = FIVE.fractions
    reached = [sum(one <= look / setting.units for one in fractions) for look in looks]
    critical = [boundary_of(fractions[:number], ALPHA) if number else _NEVER for number in reached]
    rows = np.tile(critical, len(differences) // len(looks))
    return at_look(differences, differences.reasons, rows, alpha=ALPHA)


def _shown(read: Read, setting: Setting) -> Read:
    """The method where the product shows it: wherever the deciding interval has a result."""
    if setting.is_small:
        return read

    def read_shown(differences: Differences, looks: Ints, setting: Setting) -> Comparisons:
        missing = sequence(differences, looks, setting).reasons
        return read(msgspec.structs.replace(differences, reasons=missing), looks, setting)

    return read_shown


def _above_the_floors(differences: Differences, setting: Setting) -> Differences:
    distribution = setting.distribution
    fewest = FEWEST_UNITS_OF_A_RATIO if distribution.clusters else FEWEST_UNITS
    units = np.minimum(differences.n_control, differences.n_treatment)
    events = np.fmin(
        differences.n_control * differences.mean_control,
        differences.n_treatment * differences.mean_treatment,
    )
    too_few = (distribution.fewest_events > 0) & (events < distribution.fewest_events - 0.5)
    below = reasons.first(
        differences.reasons,
        reasons.where(units < fewest, Reason.TOO_FEW_UNITS),
        reasons.where(too_few, Reason.TOO_FEW_EVENTS),
    )
    return msgspec.structs.replace(differences, reasons=below)
