"""Outcomes for simulations, by distribution: integers in fixed-point steps, with a known effect."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from inference.clusters import Clusters
from inference.planning import Baseline, ShareBaseline

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SHARE = 0.3
"""Of contacts that do what is counted."""
SIZES = (1.8, 0.7)
"""Mean and deviation of the logarithm of an account's contacts."""
CAP = 1_635
"""Fixed before the start: the 99th percentile of the log-normal below."""
_MOMENTS_OF_DEALS = (195.084, 269.288)
"""Mean and deviation of 100·exp(1.2·Z) below the cap, by numerical integration."""


class Sample(NamedTuple):
    """Outcomes of units, runs × units in the order of maturity.

    `d` are the denominators of a ratio, `x` a covariate from before exposure.
    """

    treated: Bools
    y: Ints
    d: Ints | None = None
    x: Ints | None = None


class Distribution(NamedTuple):
    """How outcomes are drawn: `draw(generator, treated, effect)`, effect in fixed-point steps.

    `baseline` is what a plan knows of a unit, of a contact where there are `clusters`; what a
    covariate explains is taken out of it.
    """

    name: str
    baseline: Baseline | ShareBaseline
    draw: Callable[[np.random.Generator, Bools, float], Sample]
    fewest_events: int = 0
    clusters: Clusters | None = None
    has_covariate: bool = False

    @property
    def mean(self) -> float:
        """Of a unit without effect; a mean of zero has no lift."""
        known = self.baseline
        return known.mean if isinstance(known, Baseline) else known.share

    @property
    def is_share_of_units(self) -> bool:
        """Whether every unit counts 0 or 1."""
        return isinstance(self.baseline, ShareBaseline) and self.clusters is None


def assigned(generator: np.random.Generator, runs: int, control: int, treated: int) -> Bools:
    """Who gets the treatment: so many of the units, in any order."""
    labels = np.arange(control + treated) >= control
    return generator.permuted(np.tile(labels, (runs, 1)), axis=1)


def normal() -> Distribution:
    """Standard deviation 1,000 steps."""

    def draw(generator: np.random.Generator, treated: Bools, effect: float) -> Sample:
        y = generator.normal(0, 1000, treated.shape) + effect * treated
        return Sample(treated, np.rint(y).astype(np.int64))

    return Distribution("normal", Baseline(mean=0.0, variance=1e6), draw)


def with_covariate(correlation: float) -> Distribution:
    """Normal outcomes of which a covariate explains a part, read with that part taken out."""
    left = 1 - correlation**2

    def draw(generator: np.random.Generator, treated: Bools, effect: float) -> Sample:
        x = generator.normal(0, 1000, treated.shape)
        own = left**0.5 * generator.normal(0, 1000, treated.shape)
        y = correlation * x + own + effect * treated
        return Sample(treated, np.rint(y).astype(np.int64), x=np.rint(x).astype(np.int64))

    baseline = Baseline(mean=0.0, variance=1e6 * left)
    return Distribution("normal, adjusted", baseline, draw, has_covariate=True)


def bernoulli(share: float) -> Distribution:
    """A conversion; read from ten events in each arm on."""

    def draw(generator: np.random.Generator, treated: Bools, effect: float) -> Sample:
        y = generator.random(treated.shape) < share + effect * treated
        return Sample(treated, y.astype(np.int64))

    name = f"{100 * share:g} % convert"
    return Distribution(name, ShareBaseline(share), draw, fewest_events=10)


def poisson(mean: float) -> Distribution:
    """A number of visits."""

    def draw(generator: np.random.Generator, treated: Bools, effect: float) -> Sample:
        return Sample(treated, generator.poisson(mean + effect * treated))

    return Distribution(f"Poisson, mean {mean:g}", Baseline(mean=mean, variance=mean), draw)


def deal_values() -> Distribution:
    """Log-normal with σ 1.2, winsorised at a cap that was fixed before."""

    def draw(generator: np.random.Generator, treated: Bools, effect: float) -> Sample:
        values = np.minimum(100 * generator.lognormal(0, 1.2, treated.shape), CAP)
        return Sample(treated, np.rint(values + effect * treated).astype(np.int64))

    mean, deviation = _MOMENTS_OF_DEALS
    return Distribution("log-normal, capped", Baseline(mean=mean, variance=deviation**2), draw)


def accounts(correlation: float) -> Distribution:
    """Accounts of log-normal size whose contacts convert alike: beta-binomial with this ICC."""

    def draw(generator: np.random.Generator, treated: Bools, effect: float) -> Sample:
        sizes = np.maximum(1, np.rint(generator.lognormal(*SIZES, treated.shape)))
        weight = 1 / correlation - 1
        share = SHARE + effect * treated
        rates = generator.beta(share * weight, (1 - share) * weight)
        d = sizes.astype(np.int64)
        return Sample(treated, generator.binomial(d, rates), d)

    mean, variation = _sizes_of_accounts()
    clusters = Clusters(
        mean_size=mean, intraclass_correlation=correlation, size_variation=variation
    )
    name = f"accounts, ICC {correlation:.2f}"
    return Distribution(name, ShareBaseline(SHARE), draw, clusters=clusters)


@cache
def _sizes_of_accounts() -> tuple[float, float]:
    """Mean of max(1, rounded size), and its deviation as a share of the mean."""
    sizes = np.arange(1, 3_000)
    below = special.ndtr((np.log(sizes + 0.5) - SIZES[0]) / SIZES[1])
    chances = np.diff(below, prepend=0.0)
    mean = float(chances @ sizes)
    return mean, float(np.sqrt(chances @ (sizes - mean) ** 2)) / mean
