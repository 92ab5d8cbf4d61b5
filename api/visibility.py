"""How whoever asks sees an experiment: every route that shows one goes through here.

People, and machines with a token of their own, see what the experiment's policy gives their
audience in its phase. The deployment's own token sees everything: who holds it holds the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from api.identity import Asking, Machine, SignedIn, seen_as
from schemas.policies import STRICTEST, Level, Phase, PolicyDraft
from schemas.resources import Experiment
from schemas.scopes import Scope
from schemas.wording import Language
from storage.access_log import log_access
from storage.experiments import UnknownExperimentError, experiment
from storage.pool import Connection
from storage.reviews import is_signed_by_both
from transparency.access_log import Access, Action, must_log
from transparency.interpretation import Marker, marker_of
from transparency.phases import phase_of
from transparency.redaction import View, redact
from transparency.viewers import Stake
from transparency.visibility import level_for


@dataclass(frozen=True, slots=True)
class Sight:
    """What one asker may see of one experiment now; `level` None is the deployment's own token."""

    experiment: Experiment
    level: Level | None
    marker: Marker | None
    person: str | None

    def shown(
        self, document: Mapping[str, Any], language: Language, *, is_pinned: bool = False
    ) -> dict[str, Any]:
        """Return the part of a results document that may be seen, and what was left out."""
        if self.level is None:
            return dict(document)
        view = View(level=self.level, marker=self.marker, language=language, is_pinned=is_pinned)
        found = redact(document, view)
        return {
            **found.document,
            "interpretation": found.interpretation,
            "interpretation_sentence": found.interpretation_sentence,
            "withheld": msgspec.to_builtins(found.withheld),
        }

    def reaches(self, level: Level) -> bool:
        """Tell whether this much is seen."""
        return self.level is None or self.level >= level


async def sight_of(
    connection: Connection,
    asking: Asking,
    key: str,
    *,
    needed: Level = Level.HEADLINE,
    now: datetime | None = None,
) -> Sight:
    """Return how an experiment is seen.

    Raises UnknownExperimentError where less than `needed` is: what may not be seen is answered as
    if it did not exist.
    """
    now = now or datetime.now(UTC)
    found = await experiment(connection, key, at=now)
    sight = sight_on(found, asking, signed_by_both=await is_signed_by_both(connection, key))
    if not sight.reaches(needed):
        raise UnknownExperimentError(f"no experiment has the key {key!r}")
    return sight


def sight_on(found: Experiment, asking: Asking, *, signed_by_both: bool = False) -> Sight:
    """Return how this experiment is seen; the level does not depend on the signatures. Pure."""
    if isinstance(asking, Machine) and Scope.ADMIN in asking.scopes:
        return Sight(found, None, None, None)
    viewer, stake = seen_as(asking), stake_of(found)
    phase = _phase_of(found)
    level = level_for(_policy_of(found), viewer, stake, phase)
    marker = marker_of(viewer, stake, phase, signed_by_both=signed_by_both)
    return Sight(found, level, marker, asking.person if isinstance(asking, SignedIn) else None)


def stake_of(found: Experiment) -> Stake:
    """Return whose the experiment is and who interprets it."""
    readers = found.interpreters
    return Stake(
        owner=found.owner,
        owner_teams=frozenset({found.team}) if found.team else frozenset(),
        interpreters=frozenset((*readers.marketing, *readers.sales)),
    )


async def log_read(connection: Connection, sight: Sight, *, route: str, at: datetime) -> None:
    """Keep that details were read, where that is kept: before they are shown."""
    access = Access(action=Action.READ, level=sight.level or Level.NONE, person=sight.person)
    if must_log(access):
        await log_access(connection, access, experiment=sight.experiment.key, route=route, at=at)


def _phase_of(found: Experiment) -> Phase:
    furthest = Phase.RUNNING if found.reviewed_at is None else Phase.IN_REVIEW
    return phase_of(found.status.value, furthest=furthest)


def _policy_of(found: Experiment) -> PolicyDraft:
    """The policy that the experiment names; the strictest one where it is not known."""
    return found.visibility or STRICTEST
