"""Which experiments are simulated: by size and traffic, and planned for an effect."""

from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.calibrated_methods import FIVE
from benchmarks.calibrated_plans import planned_setting
from benchmarks.drawn_outcomes import (
    Distribution,
    accounts,
    bernoulli,
    deal_values,
    normal,
    poisson,
    with_covariate,
)
from benchmarks.simulated_experiments import Setting
from inference.looks import AnyTime, Looks, SingleLook

CORRELATIONS = (0.05, 0.20, 0.30)


class Planned(NamedTuple):
    """An experiment planned for an effect: as many units as its way of looking needs."""

    distribution: Distribution
    effect: float
    looks: Looks
    share: float = 0.5

    @property
    def setting(self) -> Setting:
        """The experiment with its planned units."""
        return planned_setting(self.distribution, self.effect, self.looks, share=self.share)


def settings() -> Iterator[Setting]:
    """Experiments of given sizes, with the effect that one look finds in 80 %."""
    for distribution in (normal(), with_covariate(0.7), poisson(0.5), deal_values()):
        yield from _sizes(distribution)
    yield Setting(deal_values(), 300, 0.1)
    yield from _sizes(bernoulli(0.2))
    yield from (Setting(bernoulli(0.2), 80, 0.25), Setting(bernoulli(0.2), 200, 0.1))
    for units, share in ((1_200, 0.5), (4_000, 0.5), (10_000, 0.1), (20_000, 0.05)):
        yield Setting(bernoulli(0.02), units, share)
    for correlation in CORRELATIONS:
        yield from _sizes(accounts(correlation))


def plans() -> Iterator[Planned]:
    """Experiments of a given effect, with the units that 80 % need."""
    ways: tuple[Looks, ...] = (SingleLook(), FIVE, AnyTime())
    for way in ways:
        yield Planned(normal(), 200, way)
        yield Planned(normal(), 300, way, 0.1)
        yield Planned(poisson(0.5), 0.05, way)
        yield Planned(deal_values(), 54, way)
        yield Planned(bernoulli(0.2), 0.05, way)
        yield Planned(bernoulli(0.2), 0.1, way, 0.1)
        yield Planned(bernoulli(0.02), 0.01, way)
        for correlation in CORRELATIONS:
            yield Planned(accounts(correlation), 0.1, way)
    yield Planned(with_covariate(0.7), 200, SingleLook())
    yield Planned(with_covariate(0.7), 200, AnyTime())


def looked_at() -> Iterator[Distribution]:
    """Those of which false alarms are drawn against the number of looks."""
    yield from (normal(), poisson(0.5), deal_values(), bernoulli(0.2), accounts(0.05))
    yield accounts(0.30)


def _sizes(distribution: Distribution) -> Iterator[Setting]:
    for per_arm in (6, 12, 20, 50, 150):
        yield Setting(distribution, 2 * per_arm)
    for share in (0.1, 0.05):
        yield Setting(distribution, 1_000, share)
