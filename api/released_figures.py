"""What people's figures are made from: sums of the last step, beside counts of now. Pure.

A new step moves the metrics that are due; all other figures stay as they were released, so that
nothing that is shown (a status, a verdict, a family of comparisons) is made from anything newer.
"""

import hashlib
from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from api.counted import Counted, Name
from api.observations import incomplete_units
from api.released_weeks import joined_weeks
from inference.moments import Moments
from inference.plan import MetricMoments, Observations, UnitOutcome
from inference.readings import obstacle_of
from inference.statuses import fewest_units
from storage.definitions import DefinitionBody
from storage.released_readings import Figures, MetricFigures, Sums
from transparency.releases import moves_due

NOTHING_SHOWN = Figures(metrics={})


def next_figures(before: Figures, counted: Counted) -> Figures | None:
    """Return the figures of the next step; None where no step is due."""
    if obstacle_of(counted.plan, counted.observations, now=counted.now) is not None:
        return None
    due = moves_due(before.ever_shown, counted.progress, intake_is_open=counted.intake_is_open)
    found = {key: _moved(before.metrics.get(key), key, due[key], counted) for key in sorted(due)}
    moved = {key: figures for key, figures in found.items() if figures is not None}
    return replace(before, metrics={**before.metrics, **moved}) if moved else None


def in_use(before: Figures, body: DefinitionBody) -> dict[str, MetricFigures]:
    """Return the figures that can be shown under this definition: amounts have its currency."""
    return {
        key: figures
        for key, figures in before.metrics.items()
        if figures.reporting_currency == body.reporting_currency
    }


def observations_with(figures: Mapping[str, MetricFigures], counted: Counted) -> Observations:
    """Return the observations with the sums of these figures; units that are in none are open."""
    cells: dict[Name, Sums] = {}
    for metric in counted.plan.metrics:
        for arm in counted.plan.arms:
            name = (arm.variant, metric.key)
            is_live = metric.is_invalidated  # no figure of it is shown
            cells[name] = (
                _live(counted, name) if is_live else _held(figures.get(metric.key), counted, name)
            )
    return replace(
        counted.observations,
        moments=_in_weeks_of_enough({name: cell.moments for name, cell in cells.items()}, counted),
        unit_outcomes=_units(cells),
    )


def _in_weeks_of_enough(
    moments: Mapping[Name, MetricMoments], counted: Counted
) -> dict[Name, MetricMoments]:
    found: dict[Name, MetricMoments] = {}
    for metric in counted.plan.metrics:
        names = [(arm.variant, metric.key) for arm in counted.plan.arms]
        arms = {name[0]: moments[name].weeks for name in names}
        weeks = joined_weeks(arms, fewest=fewest_units(metric))
        found |= {name: replace(moments[name], weeks=weeks[name[0]]) for name in names}
    return found


def _moved(
    before: MetricFigures | None, key: str, moved: frozenset[str], counted: Counted
) -> MetricFigures | None:
    """A due metric with the sums of the arms that moved; None where old and new do not compare."""
    arms, money = counted.progress[key].keys(), _money(counted.totals.body)
    if before is not None and before.money != money and moved != arms:
        return None
    incomplete = incomplete_units(counted.totals)
    return MetricFigures(
        released_at=counted.now,
        reporting_currency=counted.totals.body.reporting_currency,
        money=money,
        sums={
            variant: replace(
                _now(counted, (variant, key)),
                incomplete=incomplete.get((variant, key), 0),
                former=_former(before, variant),
            )
            if variant in moved
            else _sums(before, variant)
            for variant in arms
        },
    )


def _money(body: DefinitionBody) -> str:
    """Name the rates: amounts under other rates are not compared with one another."""
    rates = [(r.currency, r.valid_from.isoformat(), str(r.rate)) for r in body.rates]
    return hashlib.sha256(msgspec.json.encode([body.reporting_currency, rates])).hexdigest()[:32]


def _former(before: MetricFigures | None, variant: str) -> tuple[int, ...]:
    """How many units were ever shown, those of now included."""
    if before is None:
        return ()
    sums = _sums(before, variant)
    return (*sums.former, sums.moments.mature.n)


def _now(counted: Counted, name: Name) -> Sums:
    found = _live(counted, name)
    return replace(found, moments=replace(found.moments, still_open=Moments.zero()))


def _live(counted: Counted, name: Name) -> Sums:
    units = counted.observations.unit_outcomes
    singles = None if units is None else units.get(name, ())
    return Sums(moments=counted.moments(name), incomplete=0, units=singles)


def _held(figures: MetricFigures | None, counted: Counted, name: Name) -> Sums:
    found, live = _sums(figures, name[0]), _live(counted, name)
    if found.moments == replace(live.moments, still_open=Moments.zero()):
        return live if live.units is not None else replace(live, units=found.units)
    whole = live.moments.mature.n + live.moments.still_open.n
    waiting = Moments(n=max(0, whole - found.moments.mature.n))
    return replace(found, moments=replace(found.moments, still_open=waiting))


def _sums(figures: MetricFigures | None, variant: str) -> Sums:
    empty = Sums(moments=MetricMoments(), incomplete=0)
    return empty if figures is None else figures.sums.get(variant, empty)


def _units(cells: Mapping[Name, Sums]) -> dict[Name, tuple[UnitOutcome, ...]] | None:
    """Single units of all cells; None where those of one with any are not known."""
    if any(cell.units is None and cell.moments.mature.n for cell in cells.values()):
        return None
    return {name: cell.units for name, cell in cells.items() if cell.units}
