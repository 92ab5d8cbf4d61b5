"""What came in for an experiment and what of it counts: units, strays, unreadable parts. Pure."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from attribution.units import Stray
from schemas.wording import Sentence
from storage.readings import Delivery, ExperimentTotals

_MEANINGS = {
    Stray.OUTSIDE_PERIOD: Sentence(
        en="The exposure lies outside the period of the experiment.",
        de="Die Exposition liegt außerhalb des Zeitraums des Experiments.",
    ),
    Stray.UNKNOWN_VARIANT: Sentence(
        en="The exposure names no variant that is registered.",
        de="Die Exposition nennt keine registrierte Variante.",
    ),
    Stray.NO_UNIT: Sentence(
        en="The exposure names no unit of the kind that is randomised.",
        de="Die Exposition nennt keine Einheit der Art, die zugeteilt wird.",
    ),
}


class StrayExposures(msgspec.Struct, frozen=True, kw_only=True):
    """Exposure events that exposed no unit, for one reason."""

    reason: str
    exposures: int
    meaning: Sentence


class TopicDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """What a topic delivered so far, and when it last did."""

    topic: str
    accepted: int
    duplicates: int
    refused: int
    last_at: datetime


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """Units in the analysis and mixed ones left out; exposures beyond a unit's first; strays."""

    exposed_units: int
    mixed_units: int
    exposures: int
    repeat_exposures: int
    stray_exposures: tuple[StrayExposures, ...]
    deliveries: tuple[TopicDelivery, ...]


def intake_of(totals: ExperimentTotals) -> Intake:
    """Count everything that was delivered, and say why what does not count does not."""
    cohorts = totals.cohorts.values()
    units = sum(cohort.units for cohort in cohorts)
    mixed = sum(cohort.mixed for cohort in cohorts)
    exposures = sum(cohort.exposures for cohort in cohorts)
    return Intake(
        exposed_units=units - mixed,
        mixed_units=mixed,
        exposures=exposures,
        repeat_exposures=exposures - units,
        stray_exposures=tuple(
            StrayExposures(reason=stray.name.lower(), exposures=count, meaning=_MEANINGS[stray])
            for stray, count in sorted(totals.strays.items())
        ),
        deliveries=_deliveries(totals.deliveries),
    )


def _deliveries(deliveries: Sequence[Delivery]) -> tuple[TopicDelivery, ...]:
    return tuple(
        TopicDelivery(
            topic=found.topic,
            accepted=found.accepted,
            duplicates=found.duplicates,
            refused=found.refused,
            last_at=found.last_at,
        )
        for found in deliveries
    )
