"""What a proposed metric would have counted lately: per account, and never for a few of them. Pure.

Counts and quantiles of accounts alone; nothing of contacts, nothing by employee. A figure that
fewer than five accounts stand behind is withheld.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from pydantic import BaseModel

from attribution.definitions import MetricRule
from attribution.measures import compile_measure
from attribution.money import Rates
from attribution.outcomes import Outcome, add_event, outcome_of
from attribution.units import MetricSums
from schemas.caps import decimals_of
from schemas.partitioning import CONTACT_PREFIX
from schemas.resources import Measure, Metric, MetricDraft, MetricKind
from storage.recent_events import RecentEvents

FEWEST_ACCOUNTS = 5
SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)
_SIGNIFICANT_DIGITS = 3
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class DryRun(BaseModel):
    """What was counted in a period; of accounts with at least one event that counts.

    `values` says what the mean and the quantiles are of. They, and the number of accounts, are
    null where fewer than five accounts stand behind them.
    """

    since: datetime
    until: datetime
    one_account_in: int
    """Where there were too many events, all counts are of one account in so many."""
    events: int
    unreadable: int
    """Events that the filter takes and whose number cannot be read."""
    accounts: int | None
    withheld: bool
    values: str
    mean: float | None
    quantiles: dict[str, float | None]


def dry_run(draft: MetricDraft, recent: RecentEvents, rates: Rates) -> DryRun:
    """Evaluate a proposed metric as if every account had been exposed as the period began."""
    rule = _rule(draft, rates, recent.until - recent.since)
    sums, events, unreadable = _sums(rule, recent, rates)
    since_us = (recent.since - _EPOCH) // _MICROSECOND
    outcomes = {home: outcome_of(rule, found, since_us) for home, found in sums.items()}
    values = _values(draft, outcomes, rates)
    is_few = len(sums) < FEWEST_ACCOUNTS
    return DryRun(
        since=recent.since,
        until=recent.until,
        one_account_in=recent.one_in,
        events=events,
        unreadable=unreadable,
        accounts=None if is_few else len(sums),
        withheld=is_few,
        values=_VALUES[draft.kind],
        mean=None
        if len(values) < FEWEST_ACCOUNTS
        else _rounded(sum(values, Fraction()) / len(values)),
        quantiles={f"{share:g}": _quantile(values, share) for share in SHARES},
    )


_VALUES: Mapping[MetricKind, str] = {
    MetricKind.CONVERSION: "events of an account",
    MetricKind.COUNT: "events of an account",
    MetricKind.SUM: "sum of an account",
    MetricKind.RATIO: "ratio of an account",
    MetricKind.LATEST_DEAL_VALUE: "won value of an account",
}


def _rule(draft: MetricDraft, rates: Rates, period: timedelta) -> MetricRule:
    # All accounts convert that have any event; how often they do says more.
    counts = draft.kind is MetricKind.CONVERSION
    return MetricRule(
        key=draft.key,
        kind=MetricKind.COUNT if counts else draft.kind,
        numerator=compile_measure(draft.measure, rates),
        denominator=compile_measure(draft.denominator, rates) if draft.denominator else None,
        window_us=period // _MICROSECOND,
        covariate_us=0,
        reach_us=0,
        counts_types=False,
    )


def _sums(
    rule: MetricRule, recent: RecentEvents, rates: Rates
) -> tuple[dict[str, MetricSums], int, int]:
    """Sums by account, the events that counted, and those whose number could not be read."""
    since_us = (recent.since - _EPOCH) // _MICROSECOND
    sums: dict[str, MetricSums] = {}
    counted = unreadable = 0
    for home, event in recent.events:
        heard = [m for m in (rule.numerator, rule.denominator) if m and m.matches(event)]
        if not heard or home.startswith(CONTACT_PREFIX):
            continue
        counted += 1
        if rule.kind is not MetricKind.LATEST_DEAL_VALUE:
            unreadable += any(measure.value(event) is None for measure in heard)
        add_event(rule, sums.setdefault(home, MetricSums()), since_us, event, rates)
    return sums, counted, unreadable


def _values(
    draft: MetricDraft, outcomes: Mapping[str, Outcome], rates: Rates
) -> Sequence[Fraction]:
    found = outcomes.values()
    if draft.kind is not MetricKind.RATIO:
        steps = 10 ** _decimals(draft, draft.measure, rates)
        return sorted(Fraction(outcome.y, steps) for outcome in found)
    assert draft.denominator is not None, "a ratio has one"
    above = 10 ** _decimals(draft, draft.measure, rates)
    below = 10 ** _decimals(draft, draft.denominator, rates)
    return sorted(Fraction(o.y * below, o.d * above) for o in found if o.d > 0)


def _decimals(draft: MetricDraft, measure: Measure, rates: Rates) -> int:
    read = Metric.model_construct(**(draft.__dict__ | {"measure": measure}))
    return decimals_of(read, rates.exponents[rates.reporting])


def _quantile(values: Sequence[Fraction], share: float) -> float | None:
    """The value that so many lie below; only where five accounts lie on either side of it."""
    if len(values) * min(share, 1 - share) < FEWEST_ACCOUNTS:
        return None
    return _rounded(values[math.ceil(len(values) * share) - 1])


def _rounded(value: Fraction) -> float:
    # Two dry runs that differ by one account shall not give its value away to the last digit.
    return float(f"{float(value):.{_SIGNIFICANT_DIGITS}g}")
