"""How long a unit's deals took to close, or how long they were followed without closing. Pure.

Promise: from the sums that outcomes are made of, so the same in whatever order events arrived.
"""

from attribution.definitions import MetricRule
from attribution.units import DealState as RememberedDeal
from attribution.units import MetricSums
from inference.deal_times import DealState, DealTime
from schemas.resources import MetricKind

_SECOND_US = 1_000_000


def deal_time_of(rule: MetricRule, sums: MetricSums, exposed_us: int, now_us: int) -> DealTime:
    """Return the time in whole seconds from a unit's exposure until it won or lost its deals.

    Won at the win of the deal that closed first of those that stand as won; else lost at the last
    loss, where all stand lost; else open, followed until now or the end of its window. What was
    settled before the exposure is no deal of it. Raises ValueError for a metric of another kind.
    """
    if rule.kind is not MetricKind.LATEST_DEAL_VALUE:
        raise ValueError(f"rule: {rule.key!r} follows no deals, it is a {rule.kind}")
    deals = _deals_since(sums, exposed_us)
    won = [deal.verdict_at[0] for deal in deals if deal.won]
    if won:
        return _since(exposed_us, min(won), DealState.WON)
    if deals and not any(deal.is_open for deal in deals):
        return _since(exposed_us, max(deal.verdict_at[0] for deal in deals), DealState.LOST)
    return _since(exposed_us, min(now_us, exposed_us + rule.window_us), DealState.OPEN)


def _deals_since(sums: MetricSums, exposed_us: int) -> list[RememberedDeal]:
    deals = (sums.deals or {}).values()
    return [deal for deal in deals if deal.is_open or deal.verdict_at[0] >= exposed_us]


def _since(exposed_us: int, at_us: int, state: DealState) -> DealTime:
    return DealTime(max(0, (at_us - exposed_us) // _SECOND_US), state)
