"""What the arms of an experiment truly differ by: exact expectations, from the company's shape."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import product

from cli.company.experiments import (
    SimulatedExperiment,
    SimulatedVariant,
    form_probability,
    lead_probability,
    value_factor,
)
from cli.company.shape import Shape

Met = Sequence[SimulatedVariant]


@dataclass(frozen=True)
class TrueMetric:
    """A metric with its window, and what one unit that met given variants gives on average."""

    key: str
    window: timedelta
    expectation: Callable[[Shape, Met, timedelta], float]


def expected(
    shape: Shape,
    experiments: Sequence[SimulatedExperiment],
    experiment: SimulatedExperiment,
    variant: SimulatedVariant,
    metric: TrueMetric,
) -> float:
    """Return the mean over mature units of `variant`, the other experiments' arms mixed in."""
    others = [other for other in experiments if other is not experiment]
    return sum(
        share * metric.expectation(shape, [variant, *met], metric.window)
        for share, met in _combinations(others)
    )


def _combinations(experiments: Sequence[SimulatedExperiment]) -> Iterator[tuple[float, Met]]:
    arms = [list(zip(one.shares, one.variants, strict=True)) for one in experiments]
    for combination in product(*arms):
        yield math.prod(share for share, _ in combination), [v for _, v in combination]


def _lead(shape: Shape, met: Met, window: timedelta) -> float:
    funnel = shape.funnel
    return lead_probability(funnel.lead, met) * _reached(shape, funnel.lead_at, window)


def _accepted(shape: Shape, met: Met, window: timedelta) -> float:
    funnel = shape.funnel
    reached = _reached(shape, funnel.judged_at, window)
    return lead_probability(funnel.lead, met) * funnel.accepted * reached


def _won(shape: Shape, met: Met, window: timedelta) -> float:
    funnel = shape.funnel
    share = funnel.accepted * funnel.deal * funnel.won
    return lead_probability(funnel.lead, met) * share * _reached(shape, funnel.verdict_at, window)


def _value(shape: Shape, met: Met, window: timedelta) -> float:
    funnel = shape.funnel
    mean = funnel.value_median * math.exp(funnel.value_sigma**2 / 2)
    return _won(shape, met, window) * mean * value_factor(met)


def _forms(shape: Shape, met: Met, window: timedelta) -> float:
    touches = shape.touches
    hours = window / timedelta(hours=1) - 1  # the form is offered an hour after the entry
    place = math.log(hours / 24 / touches.form_median_days) / touches.form_sigma
    return form_probability(touches.form, met) * _normal(place)


def _reached(shape: Shape, share: float, window: timedelta) -> float:
    """Return the share of accounts whose cycle brings a stage inside the window."""
    funnel = shape.funnel
    days = window / timedelta(days=1)
    return _normal(math.log(days / share / funnel.cycle_median_days) / funnel.cycle_sigma)


def _normal(place: float) -> float:
    return 0.5 * math.erfc(-place / math.sqrt(2))


LEAD = TrueMetric("account-leads", timedelta(days=30), _lead)
ACCEPTED = TrueMetric("accepted-leads", timedelta(days=30), _accepted)
WON = TrueMetric("deals-won", timedelta(days=90), _won)
VALUE = TrueMetric("deal-value", timedelta(days=90), _value)
FORMS = TrueMetric("forms-per-contact", timedelta(days=30), _forms)
TRUE_METRICS = (LEAD, ACCEPTED, WON, VALUE, FORMS)
