"""The library's methods on simulated experiments, at the looks at which each may be read.

What is calibrated is what the library computes: exact sums of simulated units go through the same
columns as those of real experiments.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn_outcomes import Bools, Distribution, Ints, Sample, assigned
from inference import reasons
from inference.arms import arms_of_means, steps_of
from inference.comparison import Method, NotComparable, Reason
from inference.comparisons import Comparisons
from inference.cuped import adjusted_differences, regressions_of
from inference.differences import Differences, differences_of
from inference.few_accounts import (
    AccountOutcome,
    compare_account_means,
    compare_rates_of_few_accounts,
)
from inference.group_sequential import at_look, boundary_of
from inference.lifts import always_valid_lifts, lifts
from inference.proportions import proportions
from inference.ratios import arms_of_ratios
from inference.sequences import always_valid, tightest_rho_squared
from inference.statuses import FEWEST_UNITS, FEWEST_UNITS_OF_A_RATIO
from inference.sums import Sums
from inference.welch import welch

ALPHA = 0.05


class Setting(NamedTuple):
    """A simulated experiment: how many units mature, and the share that gets the treatment."""

    distribution: Distribution
    units: int
    share: float = 0.5

    @property
    def fewest_per_arm(self) -> int:
        """Units of the smaller arm, as expected."""
        return round(self.units * min(self.share, 1 - self.share))


class Watched(NamedTuple):
    """Per run and look: whether there is a result, excludes zero, and holds the truth."""

    exists: Bools
    excludes_zero: Bools
    holds_truth: Bools

    def ever_excludes(self) -> float:
        """Share of runs that exclude zero at any look."""
        return float(self.excludes_zero.any(axis=1).mean())

    def always_holds(self) -> float:
        """Share of runs whose interval holds the truth at every look."""
        return float(self.holds_truth.all(axis=1).mean())


class Simulated:
    """Runs of one experiment with a known effect; what they look like at some looks is kept."""

    def __init__(self, sample: Sample, effect: float) -> None:
        self.sample = sample
        self.effect = effect
        self._seen: dict[bytes, Differences] = {}

    def at(self, looks: Ints) -> Differences:
        """Treatment minus control after so many units, one row per run and look."""
        key = looks.tobytes()
        if key not in self._seen:
            self._seen[key] = differences_at(self.sample, looks)
        return self._seen[key]


Read = Callable[[Differences, Ints, Setting], Comparisons]


class View(NamedTuple):
    """A method and the looks at which it is read, in units seen."""

    method: str
    looks: str
    at: Callable[[int], Ints]
    read: Read


def views(setting: Setting) -> Iterator[View]:
    """The methods that fit the setting."""
    yield View("confidence sequence", "every unit", every_unit, sequence)
    yield View("Welch", "one", at_the_end, _welch)
    yield View("Welch", "every unit", every_unit, _welch)
    yield View("group sequential", "five", _five, _group_sequential)
    if setting.distribution.mean > 0:
        yield View("lift, confidence sequence", "every unit", every_unit, _lift_sequence)
        for method in (Method.LIFT_DELTA, Method.LIFT_LOG, Method.LIFT_FIELLER):
            name = f"lift, {method.removeprefix('relative_lift_')}"
            yield View(name, "one", at_the_end, _lift(method))
    if setting.distribution.fewest_events:
        yield View("Newcombe", "one", at_the_end, _proportions)


def draw(generator: np.random.Generator, setting: Setting, runs: int, effect: float) -> Simulated:
    """Runs of an experiment."""
    treated = assigned(generator, (runs, setting.units), setting.share)
    return Simulated(setting.distribution.draw(generator, treated, effect), effect)


def watch(view: View, setting: Setting, simulated: Simulated) -> Watched:
    """A method at its looks, held against the effect, or the lift where it is for one."""
    looks = view.at(setting.units)
    is_lift = view.method.startswith("lift")
    truth = simulated.effect / setting.distribution.mean if is_lift else simulated.effect
    found = view.read(simulated.at(looks), looks, setting)
    holds = (found.figures.lower <= truth) & (truth <= found.figures.upper)
    columns = (found.exists, found.excludes_zero, holds | ~found.exists)
    return Watched(*(column.reshape(-1, len(looks)) for column in columns))


def watch_few_accounts(simulated: Simulated) -> dict[str, Watched]:
    """The methods for few accounts, each run by itself at its end."""
    methods = {"CR2": compare_rates_of_few_accounts, "account means": compare_account_means}
    found: dict[str, list[tuple[bool, bool, bool]]] = {name: [] for name in methods}
    for arms in _accounts_of(simulated.sample):
        for name, compare in methods.items():
            result = compare(*arms, level=1 - ALPHA)
            if isinstance(result, NotComparable):
                found[name].append((False, False, True))
            else:
                holds = result.lower <= simulated.effect <= result.upper
                found[name].append((True, result.excludes_zero, holds))
    return {
        name: Watched(*np.array(rows, dtype=bool).T[:, :, np.newaxis])
        for name, rows in found.items()
    }


def differences_at(sample: Sample, looks: Ints) -> Differences:
    """Treatment minus control after so many units, one row per run and look."""
    sides = [_sums_at(sample, side, looks) for side in (~sample.treated, sample.treated)]
    steps = steps_of([0] * len(sides[0]))
    if sample.x is not None:
        return adjusted_differences(*(regressions_of(sums, steps=steps) for sums in sides))
    if sample.d is None:
        return differences_of(*(arms_of_means(sums, steps=steps) for sums in sides))
    arms = (arms_of_ratios(sums, steps=steps, denominator_steps=steps) for sums in sides)
    return differences_of(*arms)


def every_unit(units: int) -> Ints:
    """From the fourth unit on; above 400 units evenly, some 400 looks."""
    return np.arange(4, units + 1, 1 + (units - 1) // 400)


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
    return lambda differences, _looks, _setting: lifts(differences, method=method, alpha=ALPHA)


def _group_sequential(differences: Differences, looks: Ints, setting: Setting) -> Comparisons:
    information = tuple(float(look) / setting.units for look in looks)
    critical = [boundary_of(information[: number + 1], ALPHA) for number in range(len(looks))]
    rows = np.tile(critical, len(differences) // len(looks))
    return at_look(differences, differences.reasons, rows, alpha=ALPHA)


def _above_the_floors(differences: Differences, setting: Setting) -> Differences:
    is_ratio, events = setting.distribution.is_ratio, setting.distribution.fewest_events
    fewest = FEWEST_UNITS_OF_A_RATIO if is_ratio else FEWEST_UNITS
    units = np.minimum(differences.n_control, differences.n_treatment)
    found = np.fmin(
        differences.n_control * differences.mean_control,
        differences.n_treatment * differences.mean_treatment,
    )
    below = reasons.first(
        differences.reasons,
        reasons.where(units < fewest, Reason.TOO_FEW_UNITS),
        reasons.where((events > 0) & (found < events - 0.5), Reason.TOO_FEW_EVENTS),
    )
    return msgspec.structs.replace(differences, reasons=below)


def _sums_at(sample: Sample, side: Bools, looks: Ints) -> Sums:
    y = sample.y
    x, d = (np.zeros_like(y) if column is None else column for column in (sample.x, sample.d))
    columns = (np.ones_like(y), y, y * y, x, x * x, x * y, d, d * d, y * d)
    return Sums(*(_at(column, side, looks) for column in columns))


def _at(values: Ints, side: Bools, looks: Ints) -> NDArray[np.object_]:
    running = np.where(side, values, 0).cumsum(axis=1)
    return running[:, looks - 1].ravel().astype(object)


def _accounts_of(sample: Sample) -> Iterator[Sequence[list[AccountOutcome]]]:
    assert sample.d is not None
    for treated, y, d in zip(sample.treated, sample.y, sample.d, strict=True):
        yield [
            [AccountOutcome(int(n), int(total)) for n, total in zip(d[arm], y[arm], strict=True)]
            for arm in (~treated, treated)
        ]
