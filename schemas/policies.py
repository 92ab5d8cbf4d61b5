"""Visibility policies as data: how much of an experiment each audience sees in each phase.

A policy that could surprise is refused with the field and the rule: nothing is taken away as an
experiment moves on, and nobody further away sees more than those who do the work.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum, StrEnum
from functools import total_ordering
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.event_filters import Resource
from schemas.metric_definitions import Key, Text


@total_ordering
class Level(Enum):
    """How much is seen; each level holds all that the ones before it hold.

    Not a `StrEnum`: strings would compare by the alphabet.
    """

    NONE = "none"
    HEADLINE = "headline"
    METRICS = "metrics"
    SEGMENTS = "segments"
    JOURNEYS = "journeys"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Level):
            return NotImplemented
        return _ORDER.index(self) < _ORDER.index(other)


_ORDER = tuple(Level)


class Audience(StrEnum):
    """Who looks, seen from the experiment; from the closest to the furthest."""

    OWNER_TEAM = "owner_team"
    OTHER_SIDE = "other_side"
    ORGANISATION = "organisation"


class Phase(StrEnum):
    """How far an experiment is; it only ever moves on."""

    RUNNING = "running"
    IN_REVIEW = "in_review"
    DECIDED = "decided"


class PhaseLevels(Resource):
    """What one audience sees, phase by phase."""

    running: Level
    in_review: Level
    decided: Level

    def at(self, phase: Phase) -> Level:
        """Return the level in a phase."""
        level: Level = getattr(self, phase.value)
        return level

    @model_validator(mode="after")
    def _nothing_is_taken_away(self) -> Self:
        for earlier, later in pairwise(Phase):
            if self.at(later) < self.at(earlier):
                raise ValueError(
                    f"{later}: not below {earlier} ({self.at(earlier).value}): "
                    "what was seen once is not hidden again"
                )
        return self


class PolicyDraft(Resource):
    """A policy as a steward writes it down."""

    key: Key
    name: Text
    owner_team: PhaseLevels
    other_side: PhaseLevels
    organisation: PhaseLevels

    def of(self, audience: Audience) -> PhaseLevels:
        """Return the levels of an audience."""
        levels: PhaseLevels = getattr(self, audience.value)
        return levels

    @model_validator(mode="after")
    def _levels_fit_together(self) -> Self:
        for message in self._faults():
            raise ValueError(message)
        return self

    def _faults(self) -> Iterator[str]:
        for (closer, further), phase in _NEIGHBOURS:
            if self.of(closer).at(phase) < self.of(further).at(phase):
                yield (
                    f"{closer}.{phase}: not below {further}.{phase} "
                    f"({self.of(further).at(phase).value}): those closer to the work see more"
                )
        if self.owner_team.running < Level.METRICS:
            yield "owner_team.running: at least metrics: nobody can run what he may not watch"
        if self.other_side.in_review < Level.METRICS:
            yield "other_side.in_review: at least metrics: nobody interprets what he may not read"
        if self.organisation.decided > Level.METRICS:
            yield "organisation.decided: at most metrics: breakdowns are for those who do the work"


_NEIGHBOURS = tuple((pair, phase) for pair in pairwise(Audience) for phase in Phase)


class Policy(PolicyDraft):
    """A policy as stored; a change is a new version, and experiments keep the one they name."""

    version: Annotated[int, Field(ge=1)]
    created_at: datetime
    created_by: str | None
    """Null for those that came with the platform, and for what the deployment token wrote."""


def _levels(running: str, in_review: str, decided: str) -> PhaseLevels:
    return PhaseLevels(running=Level(running), in_review=Level(in_review), decided=Level(decided))


OPEN = PolicyDraft(
    key="open",
    name="Both sides see breakdowns at all times, the organisation all readings",
    owner_team=_levels("segments", "segments", "segments"),
    other_side=_levels("segments", "segments", "segments"),
    organisation=_levels("metrics", "metrics", "metrics"),
)
SHARED = PolicyDraft(
    key="shared",
    name="Both sides read, the owner breaks down, the organisation hears what was decided",
    owner_team=_levels("segments", "segments", "segments"),
    other_side=_levels("metrics", "metrics", "metrics"),
    organisation=_levels("none", "none", "headline"),
)
WORKSHOP = PolicyDraft(
    key="workshop",
    name="The owner works undisturbed, the other side reads from the review on",
    owner_team=_levels("segments", "segments", "segments"),
    other_side=_levels("headline", "metrics", "metrics"),
    organisation=_levels("none", "none", "headline"),
)
DEFAULT = SHARED
STRICTEST = WORKSHOP
"""What holds for an experiment whose policy is not known."""
READY_MADE: Mapping[str, PolicyDraft] = MappingProxyType(
    {policy.key: policy for policy in (OPEN, SHARED, WORKSHOP)}
)
"""The first versions of the policies that every house begins with."""
