"""Outcomes for simulations, by distribution: integers in fixed-point steps, with a known effect."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Shape = tuple[int, int]

CONTACTS = 8
"""Mean number of contacts of an account."""
SHARE = 0.3
"""Of contacts that do what is counted."""
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

    `mean` and `deviation` are those of a unit without effect; a mean of zero has no lift.
    """

    name: str
    mean: float
    deviation: float
    draw: Callable[[np.random.Generator, Bools, float], Sample]
    fewest_events: int = 0
    is_ratio: bool = False


def assigned(generator: np.random.Generator, shape: Shape, share: float) -> Bools:
    """Units that got the treatment, each with this chance."""
    return generator.random(shape) < share


def normal() -> Distribution:
    """Standard deviation 1,000 steps."""

    def draw(generator: np.random.Generator, treated: Bools, effect: float) -> Sample:
        y = generator.normal(0, 1000, treated.shape) + effect * treated
        return Sample(treated, np.rint(y).astype(np.int64))

    return Distribution("normal", 0, 1000, draw)


def with_covariate(correlation: float) -> Distribution:
    """Normal outcomes of which a covariate explains a part, read with that part taken out."""
    left = float(np.sqrt(1 - correlation**2))

    def draw(generator: np.random.Generator, treated: Bools, effect: float) -> Sample:
        x = generator.normal(0, 1000, treated.shape)
        y = correlation * x + left * generator.normal(0, 1000, treated.shape) + effect * treated
        return Sample(treated, np.rint(y).astype(np.int64), x=np.rint(x).astype(np.int64))

    return Distribution(f"normal, covariate {correlation:g}", 0, 1000 * left, draw)


def bernoulli(share: float) -> Distribution:
    """A conversion; read from ten events in each arm on."""

    def draw(generator: np.random.Generator, treated: Bools, effect: float) -> Sample:
        y = generator.random(treated.shape) < share + effect * treated
        return Sample(treated, y.astype(np.int64))

    deviation = float(np.sqrt(share * (1 - share)))
    return Distribution(f"{share:.0%} convert", share, deviation, draw, fewest_events=10)


def poisson(mean: float) -> Distribution:
    """A number of visits."""

    def draw(generator: np.random.Generator, treated: Bools, effect: float) -> Sample:
        return Sample(treated, generator.poisson(mean + effect * treated))

    return Distribution(f"Poisson, mean {mean:g}", mean, float(np.sqrt(mean)), draw)


def deal_values() -> Distribution:
    """Log-normal with σ 1.2, winsorised at a cap that was fixed before."""

    def draw(generator: np.random.Generator, treated: Bools, effect: float) -> Sample:
        values = np.minimum(100 * generator.lognormal(0, 1.2, treated.shape), CAP)
        return Sample(treated, np.rint(values + effect * treated).astype(np.int64))

    return Distribution("log-normal, capped", *_MOMENTS_OF_DEALS, draw)


def accounts(correlation: float) -> Distribution:
    """Accounts of log-normal size whose contacts convert alike: beta-binomial with this ICC."""

    def draw(generator: np.random.Generator, treated: Bools, effect: float) -> Sample:
        sizes = np.maximum(1, np.rint(generator.lognormal(1.8, 0.7, treated.shape)))
        weight = 1 / correlation - 1
        share = SHARE + effect * treated
        rates = generator.beta(share * weight, (1 - share) * weight)
        d = sizes.astype(np.int64)
        return Sample(treated, generator.binomial(d, rates), d)

    spread = SHARE * (1 - SHARE) * (1 + ((1 + 0.63) * CONTACTS - 1) * correlation) / CONTACTS
    name = f"accounts, ICC {correlation:.2f}"
    return Distribution(name, SHARE, float(np.sqrt(spread)), draw, is_ratio=True)
