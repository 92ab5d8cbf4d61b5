"""The next edition of every breakdown, made with the step of a reading and held against it. Pure.

Breakdowns count shares: conversions that mature together with the first of them. An amount tells of
the largest account in it, and another window would be another table of the same accounts.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from api.counting import Grouped
from api.observations import is_mature
from attribution.money import DAY_US
from schemas.resources import Dimension, MetricKind
from storage.breakdown_editions import Ledger, NewEdition
from storage.definitions import DefinitionBody
from storage.released_readings import Figures
from storage.unit_groups import UnitGroups
from transparency.breakdowns import Breakdown
from transparency.editions import History, Shown, next_edition, shown, shown_total
from transparency.tables import EMPTY, Cell, total_of

MOST_MEASURES = 2
"""Each further one makes every audit longer."""


class BreakdownError(ValueError):
    """Groups that do not add up to the reading that they belong to: neither is shown."""


class Breakdowns(NamedTuple):
    """What people see of every dimension, and the editions that it comes from."""

    shown: Mapping[str, Breakdown]
    editions: tuple[NewEdition, ...] = ()


def measures_for(before: Figures, body: DefinitionBody) -> tuple[str, ...]:
    """Return the metrics that are broken down: those of earlier editions, or of the first."""
    for breakdown in before.breakdowns.values():
        return breakdown.measures
    uses = sorted(body.experiment.metrics, key=lambda use: use.role != "primary")
    shares = [use.metric for use in uses if _is_share(body, use.metric)]
    return tuple(
        key for key in shares if body.metrics[key].window == body.metrics[shares[0]].window
    )[:MOST_MEASURES]


def next_breakdowns(
    before: Figures, after: Figures, grouped: Grouped, ledger: Ledger
) -> Breakdowns:
    """Return what people see after a step, dimension by dimension.

    Raises BreakdownError, EditionError and AuditError; then the step may not be shown.
    """
    dimensions = grouped.counted.totals.body.experiment.dimensions
    if not grouped.measures:
        return Breakdowns({})
    found = [_next(number, before, after, grouped, ledger) for number in range(len(dimensions))]
    return Breakdowns(
        {d.field: part for d, (part, _) in zip(dimensions, found, strict=True)},
        tuple(edition for _, editions in found for edition in editions),
    )


def groups_of(number: int, grouped: Grouped) -> dict[str, dict[str, Cell]]:
    """Return the mature accounts by variant and group of a dimension, empty groups too."""
    body = grouped.counted.totals.body
    found: dict[tuple[int, str], list[UnitGroups]] = {}
    for unit in _mature_units(grouped):
        found.setdefault((unit.variant, unit.groups[number]), []).append(unit)
    return {
        variant.key: {
            group: _cell(found.get((place, group), []), grouped.measures)
            for group in body.experiment.dimensions[number].groups
        }
        for place, variant in enumerate(body.experiment.variants)
    }


def _next(
    number: int, before: Figures, after: Figures, grouped: Grouped, ledger: Ledger
) -> tuple[Breakdown, list[NewEdition]]:
    dimension = grouped.counted.totals.body.experiment.dimensions[number]
    so_far = before.breakdowns.get(dimension.field) or Breakdown(measures=grouped.measures)
    moved = _moved(grouped.measures[0], before, after)
    if so_far.has_ended or not moved:
        return so_far, []
    histories = {v: ledger.get((dimension.field, v), History()) for v in moved}
    if not _follows(before, after, grouped, histories):
        # To move none is always safe, and to move none for good as well.
        return replace(so_far, has_ended=True), []
    cells = groups_of(number, grouped)
    made = {v: _made(histories[v], cells[v], v, after, grouped) for v in moved}
    return _shown(so_far, made), _added(dimension, made)


def _made(
    history: History, groups: Mapping[str, Cell], variant: str, after: Figures, grouped: Grouped
) -> History:
    total = total_of(list(groups.values()))
    for measure in grouped.measures:
        sums = after.metrics[measure].sums[variant].moments.mature
        if (total.accounts, total.values[measure]) != (sums.n, sums.sum_y):
            raise BreakdownError(f"{variant}: groups do not add up to the reading of {measure}")
    return next_edition(history, groups, at=grouped.counted.now, shares=grouped.measures)


def _shown(so_far: Breakdown, made: Mapping[str, History]) -> Breakdown:
    totals = {
        variant: Shown(history.editions[-1].total, len(history.editions))
        for variant, history in made.items()
    }
    groups = {variant: shown(history) for variant, history in made.items()}
    return replace(so_far, totals={**so_far.totals, **totals}, groups={**so_far.groups, **groups})


def _added(dimension: Dimension, made: Mapping[str, History]) -> list[NewEdition]:
    return [
        NewEdition((dimension.field, variant), history.editions[-1])
        for variant, history in made.items()
    ]


def _moved(measure: str, before: Figures, after: Figures) -> tuple[str, ...]:
    """The variants of which people see other units than before."""
    was, becomes = before.mature.get(measure, {}), after.mature.get(measure, {})
    return tuple(variant for variant, units in becomes.items() if units != was.get(variant, 0))


def _follows(
    before: Figures, after: Figures, grouped: Grouped, histories: Mapping[str, History]
) -> bool:
    """Tell whether editions can go on: of the same measures, from where people stood."""
    body, first = grouped.counted.totals.body, grouped.measures[0]
    stood = before.mature.get(first, {})
    return (
        grouped.units is not None
        and all(_is_share(body, measure) for measure in grouped.measures)
        and len({body.metrics[measure].window for measure in grouped.measures}) == 1
        and all(after.mature.get(m) == after.mature[first] for m in grouped.measures)
        and all(
            (shown_total(history) or EMPTY).accounts == stood.get(variant, 0)
            for variant, history in histories.items()
        )
    )


def _is_share(body: DefinitionBody, metric: str) -> bool:
    """Tell whether an account either has it or not, and the figures mean what was registered."""
    registered = body.metrics.get(metric)
    is_conversion = registered is not None and registered.kind is MetricKind.CONVERSION
    return is_conversion and not body.is_invalidated(metric)


def _mature_units(grouped: Grouped) -> list[UnitGroups]:
    body, now = grouped.counted.totals.body, grouped.counted.now
    window = body.metrics[grouped.measures[0]].window
    return [u for u in grouped.units or () if is_mature(u.exposed_us // DAY_US, window, now)]


def _cell(units: Sequence[UnitGroups], measures: Sequence[str]) -> Cell:
    values = {m: sum(unit.outcomes[at] for unit in units) for at, m in enumerate(measures)}
    return Cell(len(units), values)
