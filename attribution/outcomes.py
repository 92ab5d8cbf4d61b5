"""Adds events to a unit's sums, and turns the sums into its outcome on a metric. Pure."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from attribution.definitions import MetricRule
from attribution.measures import MeasureRule, amount_of
from attribution.money import Rates
from attribution.units import DealState, MetricSums, Stamp
from schemas.events import Event
from schemas.resources import MetricKind

_VERDICTS = frozenset({"deal.won", "deal.lost", "deal.reopened"})


class Outcome(NamedTuple):
    """One unit on one metric: value, denominator, covariate, and whether part of it is unknown."""

    y: int
    d: int
    x: int
    incomplete: bool


# What the class does by a function of its own, this does at once; and it is done for every event.
_outcome: Callable[[tuple[int, int, int, bool]], Outcome] = partial(tuple.__new__, Outcome)
_NO_DEALS = Outcome(0, 0, 0, incomplete=False)


def stamp_of(event: Event) -> Stamp:
    """Return the event's place in the total order."""
    return (event.time_us, event.source, event.id)


def add_event(
    rule: MetricRule, sums: MetricSums, exposed_us: int, event: Event, rates: Rates
) -> None:
    """Add one event to its unit's sums on one metric; outside every window it does nothing."""
    if rule.kind is MetricKind.LATEST_DEAL_VALUE:
        _add_deal_event(rule, sums, exposed_us, event, rates)
        return
    if rule.numerator.matches(event):
        _add_number(rule, rule.numerator, sums, exposed_us, event, into_denominator=False)
    if rule.denominator is not None and rule.denominator.matches(event):
        _add_number(rule, rule.denominator, sums, exposed_us, event, into_denominator=True)


def outcome_of(rule: MetricRule, sums: MetricSums, exposed_us: int) -> Outcome:
    """Return the unit's outcome as it is analysed: capped where a cap is registered."""
    outcome = uncapped_outcome_of(rule, sums, exposed_us)
    return outcome if rule.cap is None else capped(outcome, rule.cap)


def capped(outcome: Outcome, cap: int) -> Outcome:
    """Return an outcome whose value and covariate are at most the cap."""
    y, d, x, incomplete = outcome
    return Outcome(min(y, cap), d, min(x, cap), incomplete)


def uncapped_outcome_of(rule: MetricRule, sums: MetricSums, exposed_us: int) -> Outcome:
    """Return the unit's outcome from the sums as they stand, however large."""
    if rule.kind is MetricKind.LATEST_DEAL_VALUE:
        return _deal_outcome(rule, sums, exposed_us)
    incomplete = sums.unreadable > 0
    if rule.kind is MetricKind.CONVERSION:
        return _outcome((1 if sums.y > 0 else sums.y, 0, 1 if sums.x > 0 else sums.x, incomplete))
    return _outcome((sums.y, sums.d, sums.x, incomplete))


def _add_number(
    rule: MetricRule,
    measure: MeasureRule,
    sums: MetricSums,
    exposed_us: int,
    event: Event,
    *,
    into_denominator: bool,
) -> None:
    since = event.time_us - exposed_us
    in_window = 0 <= since < rule.window_us
    before = -rule.covariate_us <= since < 0 and not into_denominator
    if not (in_window or before):
        return
    value = measure.value(event)
    if value is None:
        sums.unreadable += in_window
    elif before:
        sums.x += value
    elif into_denominator:
        sums.d += value
    else:
        sums.y += value


def _add_deal_event(
    rule: MetricRule, sums: MetricSums, exposed_us: int, event: Event, rates: Rates
) -> None:
    since = event.time_us - exposed_us
    if event.deal is None or since >= rule.window_us or not rule.numerator.matches(event):
        return
    if sums.deals is None:
        sums.deals = {}
    _note_deal(sums.deals, event.deal, event, rates)
    if since < 0 and rule.covariate_us:
        if sums.deals_before is None:
            sums.deals_before = {}
        _note_deal(sums.deals_before, event.deal, event, rates)


def _note_deal(deals: dict[str, DealState], deal: str, event: Event, rates: Rates) -> None:
    state = deals.get(deal)
    if state is None:
        state = deals[deal] = DealState()
    stamp = stamp_of(event)
    if event.type in _VERDICTS and stamp > state.verdict_at:
        state.verdict_at = stamp
        state.won = event.type == "deal.won"
        state.reopened = event.type == "deal.reopened"
    if event.amount is not None and stamp > state.amount_at:
        state.amount_at, state.amount = stamp, amount_of(event, rates)


def _deal_outcome(rule: MetricRule, sums: MetricSums, exposed_us: int) -> Outcome:
    if sums.deals is None:
        return _NO_DEALS
    won = _won_since(sums.deals, exposed_us)
    won_before = _won_since(sums.deals_before, exposed_us - rule.covariate_us)
    return Outcome(
        y=sum(deal.amount or 0 for deal in won),
        d=0,
        x=sum(deal.amount or 0 for deal in won_before),
        incomplete=any(deal.amount is None for deal in won),
    )


def _won_since(deals: dict[str, DealState] | None, since_us: int) -> list[DealState]:
    return [d for d in (deals or {}).values() if d.won and d.verdict_at[0] >= since_us]
