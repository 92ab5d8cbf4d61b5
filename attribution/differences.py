"""Differences between what is stored and what is recomputed: where, of what, and both values. Pure.

A difference never says which side is right; it says that two ways to the same value part.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum

import msgspec


class Check(StrEnum):
    """What was held against its recomputation."""

    MOMENTS = "moments"
    COHORTS = "cohorts"
    STRAYS = "strays"
    STATES = "states"
    DEFINITION_HOMES = "definition_homes"
    RETIRED = "retired"
    """Totals of a definition that is retired: nothing may be left of them."""
    HOMES = "homes"
    """Under which home an event is stored, from the accounts that its contact was seen at."""
    CONTACTS = "contacts"
    LINKS = "links"
    LOG = "log"
    """Whether each record of the topic, up to the stored offset, is stored or refused."""
    OFFSETS = "offsets"
    DELIVERIES = "deliveries"


class DefinitionPlace(msgspec.Struct, frozen=True, tag="definition"):
    """One definition as a whole."""

    definition: int
    experiment: str

    def __str__(self) -> str:
        return f"{self.experiment} (definition {self.definition})"


class CellPlace(msgspec.Struct, frozen=True, tag="cell"):
    """One cell of the moments."""

    definition: int
    experiment: str
    metric: str
    variant: str
    exposure_day: str

    def __str__(self) -> str:
        where = f"{self.metric}, {self.variant}, exposed {self.exposure_day}"
        return f"{self.experiment} (definition {self.definition}): {where}"


class CohortPlace(msgspec.Struct, frozen=True, tag="cohort"):
    """The units of one variant first exposed on one day."""

    definition: int
    experiment: str
    variant: str
    exposure_day: str

    def __str__(self) -> str:
        where = f"{self.variant}, exposed {self.exposure_day}"
        return f"{self.experiment} (definition {self.definition}): {where}"


class HomePlace(msgspec.Struct, frozen=True, tag="home"):
    """All that is remembered of one home."""

    home: str

    def __str__(self) -> str:
        return f"home {self.home}"


class UnitPlace(msgspec.Struct, frozen=True, tag="unit"):
    """One definition at one home; `unit` is a contact, None for the account or all units."""

    definition: int
    experiment: str
    home: str
    unit: str | None = None

    def __str__(self) -> str:
        unit = f", contact {self.unit}" if self.unit else ""
        return f"{self.experiment} (definition {self.definition}): home {self.home}{unit}"


class EventPlace(msgspec.Struct, frozen=True, tag="event"):
    """One stored event."""

    source: str
    id: str

    def __str__(self) -> str:
        return f"event {self.source} {self.id}"


class ContactPlace(msgspec.Struct, frozen=True, tag="contact"):
    """One contact, or one account that it was seen at."""

    contact: str
    account: str | None = None

    def __str__(self) -> str:
        return f"contact {self.contact}" + (f" at {self.account}" if self.account else "")


class RecordPlace(msgspec.Struct, frozen=True, tag="record"):
    """One record of the log."""

    topic: str
    partition: int
    offset: int
    source: str | None = None
    id: str | None = None

    def __str__(self) -> str:
        event = f", event {self.source} {self.id}" if self.source else ""
        return f"{self.topic}[{self.partition}] offset {self.offset}{event}"


class PartitionPlace(msgspec.Struct, frozen=True, tag="partition"):
    """One partition of the log, or the log as a whole where no partition is named."""

    topic: str
    partition: int | None = None

    def __str__(self) -> str:
        return self.topic if self.partition is None else f"{self.topic}[{self.partition}]"


Place = (
    DefinitionPlace
    | CellPlace
    | CohortPlace
    | HomePlace
    | UnitPlace
    | EventPlace
    | ContactPlace
    | RecordPlace
    | PartitionPlace
)


class Difference(msgspec.Struct, frozen=True):
    """One value that is stored as one thing and recomputed as another; None where it is absent.

    As text: sums of squares pass 64 bits.
    """

    check: Check
    place: Place
    field: str
    stored: str | None
    recomputed: str | None


class Differences:
    """Counts every difference and keeps the first ones of each check: memory stays bounded."""

    def __init__(self, most: int = 1_000) -> None:
        self.counts: Counter[Check] = Counter()
        self.kept: list[Difference] = []
        self._most = most

    def add(self, found: Iterable[Difference]) -> None:
        """Count these, and keep them while there is room for their check."""
        for difference in found:
            self.counts[difference.check] += 1
            if self.counts[difference.check] <= self._most:
                self.kept.append(difference)

    @property
    def omitted(self) -> int:
        """How many were counted and not kept."""
        return self.counts.total() - len(self.kept)


def day_of(number: int) -> str:
    """Return a day since 1970-01-01 as it is written; a number that is no day stays one."""
    try:
        return (date(1970, 1, 1) + timedelta(days=number)).isoformat()
    except OverflowError:
        return str(number)
