"""Where a figure comes from: units and events line by line, down to the raw count. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from api.observations import is_mature
from attribution.fates import Fate, Fates
from schemas.resources import MetricKind
from schemas.wording import Sentence
from storage.readings import ExperimentTotals


class FateLine(msgspec.Struct, frozen=True, kw_only=True):
    """Events with one fate; `variant` is absent for those of accounts that met none.

    `meaning` is a sentence in the language that was asked for.
    """

    variant: str | None
    fate: str
    events: int
    meaning: Sentence | str


class VariantLine(msgspec.Struct, frozen=True, kw_only=True):
    """One variant: its units, and whether its outcomes are what its counted events add up to.

    `events_add_up_to` and `sum_of_outcomes` are fixed-point steps as text, caps left aside;
    conversions count a unit once.
    """

    variant: str
    exposed: int
    mixed: int
    mature: int
    still_open: int
    incomplete: int
    events_add_up_to: str
    sum_of_outcomes: str
    reconciles: bool


class ExplainedMetric(msgspec.Struct, frozen=True, kw_only=True):
    """Which metric of which experiment is explained, as it is defined where it is read."""

    experiment: str
    metric: str
    metric_version: int
    epoch: int
    unit: str
    window_seconds: int
    cap: str | None
    reporting_currency: str
    read_at: datetime


class Explanation(ExplainedMetric, frozen=True, kw_only=True):
    """One metric of one experiment explained; `stored_events` are all of the metric's types."""

    variants: tuple[VariantLine, ...]
    stored_events: int
    events: tuple[FateLine, ...]


def explain(totals: ExperimentTotals, number: int, fates: Fates, *, now: datetime) -> Explanation:
    """Explain metric `number`, from totals and fates of one snapshot."""
    return Explanation(
        **msgspec.structs.asdict(explained_metric(totals, number, now=now)),
        variants=tuple(
            _variant(totals, number, fates, place, now=now)
            for place in range(len(totals.body.experiment.variants))
        ),
        stored_events=fates.total,
        events=tuple(_lines(totals, fates)),
    )


def explained_metric(totals: ExperimentTotals, number: int, *, now: datetime) -> ExplainedMetric:
    """Name metric `number` with the definition that these totals were counted under."""
    experiment = totals.body.experiment
    use = experiment.metrics[number]
    metric = totals.body.metrics[use.metric]
    return ExplainedMetric(
        experiment=experiment.key,
        metric=metric.key,
        metric_version=metric.version,
        epoch=totals.epoch,
        unit=experiment.unit,
        window_seconds=int(metric.window.total_seconds()),
        cap=None if use.cap is None else str(use.cap),
        reporting_currency=totals.body.reporting_currency,
        read_at=now,
    )


def _variant(
    totals: ExperimentTotals, number: int, fates: Fates, place: int, *, now: datetime
) -> VariantLine:
    experiment = totals.body.experiment
    use = experiment.metrics[number]
    metric = totals.body.metrics[use.metric]
    cells = {
        cell: found
        for cell, found in totals.cells.items()
        if (cell.metric, cell.variant) == (number, place)
    }
    counts = [found for cohort, found in totals.cohorts.items() if cohort.variant == place]
    outcomes = sum(
        found.moments.sum_y if use.cap is None else found.uncapped.sum_y for found in cells.values()
    )
    counted = _counted(fates, place, metric.kind)
    mature = sum(
        found.moments.n for cell, found in cells.items() if is_mature(cell.day, metric.window, now)
    )
    return VariantLine(
        variant=experiment.variants[place].key,
        exposed=sum(count.units - count.mixed for count in counts),
        mixed=sum(count.mixed for count in counts),
        mature=mature,
        still_open=sum(found.moments.n for found in cells.values()) - mature,
        incomplete=sum(found.incomplete for found in cells.values()),
        events_add_up_to=str(counted),
        sum_of_outcomes=str(outcomes),
        reconciles=counted == outcomes,
    )


def _counted(fates: Fates, place: int, kind: MetricKind) -> int:
    if kind is MetricKind.CONVERSION:
        return fates.events.get((place, Fate.COUNTED), 0)
    return fates.values.get(place, 0)


def _lines(totals: ExperimentTotals, fates: Fates) -> list[FateLine]:
    variants = totals.body.experiment.variants
    order = {fate: place for place, fate in enumerate(Fate)}
    found = sorted(
        fates.events.items(),
        key=lambda item: (item[0][0] is None, item[0][0] or 0, order[item[0][1]]),
    )
    return [
        FateLine(
            variant=None if place is None else variants[place].key,
            fate=fate.value,
            events=count,
            meaning=MEANINGS[fate],
        )
        for (place, fate), count in found
    ]


MEANINGS: Mapping[Fate, Sentence] = {
    Fate.COUNTED: Sentence(
        en="Part of the outcome of a unit in the analysis.",
        de="Teil des Ergebnisses einer Einheit in der Auswertung.",
    ),
    Fate.REPEATED: Sentence(
        en="Adds nothing: its unit had converted already, or a later event of the deal counts.",
        de="Fügt nichts hinzu: Die Einheit hatte schon konvertiert, oder ein späteres Ereignis des "
        "Deals zählt.",
    ),
    Fate.BEFORE_EXPOSURE: Sentence(
        en="Happened before its unit met a variant.",
        de="Geschah, bevor die Einheit einer Variante begegnete.",
    ),
    Fate.COVARIATE: Sentence(
        en="Happened before the exposure, and makes the comparison less noisy as a covariate.",
        de="Geschah vor der Begegnung und macht als Kovariate den Vergleich ruhiger.",
    ),
    Fate.AFTER_WINDOW: Sentence(
        en="Happened after the window of its unit.",
        de="Geschah nach dem Zeitfenster der Einheit.",
    ),
    Fate.MIXED_UNIT: Sentence(
        en="Belongs to a unit that met more than one variant, which is left out.",
        de="Gehört zu einer Einheit, die mehr als eine Variante traf und außen vor bleibt.",
    ),
    Fate.NOT_EXPOSED: Sentence(
        en="Belongs to nobody who met a variant.",
        de="Gehört zu niemandem, der einer Variante begegnete.",
    ),
    Fate.OTHER_CONDITION: Sentence(
        en="Is of a type that the metric counts, but does not meet its conditions.",
        de="Ist von einer Art, die die Metrik zählt, erfüllt aber ihre Bedingungen nicht.",
    ),
    Fate.UNREADABLE: Sentence(
        en="Should have counted, but its number could not be read.",
        de="Hätte gezählt, aber seine Zahl war nicht lesbar.",
    ),
}
