"""Tells which part of a home's history several definitions need to be evaluated anew. Pure.

Promise: `evaluate` gives the same entry from that part as from the whole. What is left out is left
out by the month and the first segment of its type: that is how events are stored, so years of
history that cannot matter cost nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from attribution.definitions import Definition
from schemas.resources import MetricKind


@dataclass(frozen=True, slots=True)
class HistoryNeed:
    """Events of `whole` families whatever their time, those of `timely` ones from `from_us` on."""

    whole: tuple[str, ...]
    timely: tuple[str, ...]
    from_us: int


def history_need(definitions: Iterable[Definition]) -> HistoryNeed:
    """Return what all of these definitions need, at least one of them given.

    An exposure from outside the period is counted as a stray, and a deal is valued by all that was
    ever said of it: of these no time is left out.
    """
    whole: set[str] = set()
    timely: set[str] = set()
    starts: list[int] = []
    for definition in definitions:
        whole.update(name.split(".")[0] for name in definition.exposure.filter.types)
        for rule in definition.metrics:
            measures = [rule.numerator] + ([rule.denominator] if rule.denominator else [])
            families = {family for measure in measures for family in measure.types.families}
            (whole if rule.kind is MetricKind.LATEST_DEAL_VALUE else timely).update(families)
        starts.append(definition.starts_us - max(rule.covariate_us for rule in definition.metrics))
    return HistoryNeed(tuple(sorted(whole)), tuple(sorted(timely - whole)), min(starts))
