"""Whether a cap on outcomes fits the metric it is laid on, and what it is in fixed-point steps."""

from collections.abc import Mapping
from decimal import Decimal

from schemas.currencies import MINOR_DIGITS
from schemas.resources import ExperimentDraft, Metric, MetricKind

CAPPED_KINDS = frozenset({MetricKind.COUNT, MetricKind.SUM, MetricKind.LATEST_DEAL_VALUE})
"""Kinds whose outcome is one quantity without an upper end."""

_MOST_DECIMALS = 6
"""As many decimal places as a cap may have."""


class CapError(ValueError):
    """A cap does not fit its metric; the message names metric and rule."""


def check_caps(
    draft: ExperimentDraft, metrics: Mapping[str, Metric], *, reporting_currency: str | None = None
) -> None:
    """Raise CapError where an outcome cannot be capped so; `metrics` holds what the draft uses.

    Without the reporting currency, caps on amounts are not held against its decimal places.
    """
    digits = _MOST_DECIMALS if reporting_currency is None else MINOR_DIGITS[reporting_currency]
    for use in draft.metrics:
        if use.cap is None:
            continue
        metric = metrics[use.metric]
        if metric.kind not in CAPPED_KINDS:
            raise CapError(
                f"metrics: a cap on {use.metric!r}, but outcomes of kind {metric.kind} have none"
            )
        in_steps(use.metric, use.cap, decimals_of(metric, digits))


def decimals_of(metric: Metric, minor_digits: int) -> int:
    """Return how many decimal places of an outcome are kept; `minor_digits` of an amount."""
    if metric.kind is MetricKind.LATEST_DEAL_VALUE or metric.measure.value == "amount":
        return minor_digits
    return 0 if metric.measure.value is None else metric.measure.scale


def in_steps(metric: str, cap: Decimal, decimals: int) -> int:
    """Return the cap as the fixed-point number that outcomes are compared with, or CapError."""
    steps = cap.scaleb(decimals)
    if steps != steps.to_integral_value():
        raise CapError(
            f"metrics: the cap {cap} on {metric!r} has more decimal places than the {decimals} "
            f"that are kept of its outcomes"
        )
    return int(steps)
