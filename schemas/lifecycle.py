"""Where an experiment stands, and which step may be taken from there. Pure: the time is told.

What is stored are decisions of people; whether a registered experiment runs follows from its
period and the time, so that nothing has to wake up for it to begin or to end.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.event_filters import Resource
from schemas.metric_definitions import Side

PersonId = Annotated[str, Field(min_length=1, max_length=128)]

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


class StoredStatus(StrEnum):
    """What people decided last about an experiment."""

    DRAFT = "draft"
    REGISTERED = "registered"
    IN_REVIEW = "in_review"
    DECIDED = "decided"
    STOPPED = "stopped"


class ExperimentStatus(StrEnum):
    """Where an experiment stands at a time."""

    DRAFT = "draft"
    """Written down; everything can be changed, nothing is counted."""
    REGISTERED = "registered"
    """Frozen; its period has not begun."""
    RUNNING = "running"
    """Exposures count."""
    CLOSED = "closed"
    """No exposure counts any more; windows may be open, and no review is."""
    IN_REVIEW = "in_review"
    """Both sides read one pinned set of readings."""
    DECIDED = "decided"
    """Both sides have signed what follows from it."""
    STOPPED = "stopped"
    """Given up before its end, with a reason."""


def standing_of(
    stored: StoredStatus, *, starts_at: datetime, ends_at: datetime | None, now: datetime
) -> ExperimentStatus:
    """Return where an experiment stands at the time `now`."""
    if stored is not StoredStatus.REGISTERED:
        return ExperimentStatus(stored.value)
    if now < starts_at:
        return ExperimentStatus.REGISTERED
    if ends_at is None or now < ends_at:
        return ExperimentStatus.RUNNING
    return ExperimentStatus.CLOSED


def windows_close_at(ends_at: datetime | None, longest_window: timedelta | None) -> datetime | None:
    """Return when every unit is mature, None where no end is set: a day's units mature together."""
    if ends_at is None or longest_window is None:
        return None
    last_exposure = ends_at - _INSTANT
    midnight = last_exposure.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + _DAY + longest_window


class Step(StrEnum):
    """What people do with an experiment."""

    CHANGE = "be changed"
    REGISTER = "be registered"
    START = "start"
    CLOSE = "close"
    STOP = "stop"
    AMEND = "be amended"
    REWORD = "be reworded"
    """Amend what no number depends on."""
    NAME_READERS = "be read by others"
    OPEN_REVIEW = "go into review"
    KEEP_LOOKING = "go on after a review"
    DECIDE = "be decided"


_S = ExperimentStatus
STEPS: Mapping[Step, frozenset[ExperimentStatus]] = MappingProxyType(
    {
        Step.CHANGE: frozenset({_S.DRAFT}),
        Step.REGISTER: frozenset({_S.DRAFT}),
        Step.START: frozenset({_S.DRAFT, _S.REGISTERED}),
        Step.CLOSE: frozenset({_S.RUNNING}),
        # In a review too: harm is ended at once, and the review goes on.
        Step.STOP: frozenset({_S.REGISTERED, _S.RUNNING, _S.CLOSED, _S.IN_REVIEW}),
        Step.AMEND: frozenset({_S.REGISTERED, _S.RUNNING, _S.CLOSED}),
        Step.REWORD: frozenset({_S.REGISTERED, _S.RUNNING, _S.CLOSED, _S.STOPPED, _S.DECIDED}),
        # In a review too: who has left is followed by somebody who can read.
        Step.NAME_READERS: frozenset(set(_S) - {_S.DRAFT}),
        Step.OPEN_REVIEW: frozenset({_S.RUNNING, _S.CLOSED, _S.STOPPED}),
        Step.KEEP_LOOKING: frozenset({_S.IN_REVIEW}),
        Step.DECIDE: frozenset({_S.IN_REVIEW}),
    }
)
"""From where each step may be taken."""


class Interpreters(Resource):
    """Who reads the results together: persons of marketing and of sales."""

    marketing: Annotated[tuple[PersonId, ...], Field(max_length=16)] = ()
    sales: Annotated[tuple[PersonId, ...], Field(max_length=16)] = ()

    def of(self, side: Side) -> tuple[str, ...]:
        """Return the persons of a side."""
        found: tuple[str, ...] = getattr(self, side.value)
        return found

    @property
    def missing_sides(self) -> tuple[Side, ...]:
        """The sides that nobody reads for; a review needs none to be missing."""
        return tuple(side for side in Side if not self.of(side))

    @model_validator(mode="after")
    def _nobody_reads_twice(self) -> Self:
        everybody = [*self.marketing, *self.sales]
        if len(set(everybody)) != len(everybody):
            raise ValueError("everybody once, on one side")
        return self


class Invalidation(Resource):
    """Since when, and by which amendment, a number no longer means what was registered."""

    amendment: Annotated[int, Field(ge=1)]
    at: datetime
