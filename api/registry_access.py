"""Who reads and who changes a registered question: people by their part in it, machines by scope.

A machine reads definitions and no results: whatever assigns units has to know the variants. People
read what the policy lets them know of. Stewards answer for definitions, and read and change all.
"""

from datetime import datetime

from api.identity import Asking, SignedIn, seen_as
from api.problems import FORBIDDEN, ProblemError
from api.visibility import sight_on, stake_of
from schemas.people import Role
from schemas.policies import Audience, Level
from schemas.resources import Experiment, Side
from storage.access_log import log_access
from storage.pool import Connection
from storage.registry import UnknownExperimentError, experiment
from transparency.access_log import Access, Action
from transparency.viewers import audience_of


async def readable(connection: Connection, asking: Asking, key: str, *, at: datetime) -> Experiment:
    """Return an experiment. Raises UnknownExperimentError where whoever asks may not know of it."""
    found = await experiment(connection, key, at=at)
    if not may_read(asking, found):
        raise UnknownExperimentError(f"no experiment has the key {key!r}")
    return found


def may_read(asking: Asking, found: Experiment) -> bool:
    """Tell whether whoever asks may know of an experiment."""
    if not isinstance(asking, SignedIn) or Role.STEWARD in asking.roles:
        return True
    return sight_on(found, asking).reaches(Level.HEADLINE)


async def changeable(
    connection: Connection, asking: Asking, key: str, *, at: datetime
) -> Experiment:
    """Return an experiment that whoever asks may change.

    Raises UnknownExperimentError where they may not know of it, ProblemError (403) where they may.
    """
    found = await readable(connection, asking, key, at=at)
    if not _may_change(asking, found):
        raise ProblemError(
            FORBIDDEN, "Only the owner team, the interpreters and stewards change an experiment."
        )
    return found


def refuse_foreign_owner(asking: Asking, owner: Side) -> None:
    """Raise ProblemError where a person of one side writes a question in the name of the other."""
    if not isinstance(asking, SignedIn) or Role.STEWARD in asking.roles:
        return
    if asking.side.side is not owner:
        raise ProblemError(FORBIDDEN, f"Only people of {owner} write experiments of {owner}.")


async def log_policy(
    connection: Connection,
    asking: Asking,
    before: Experiment,
    after: Experiment,
    *,
    route: str,
    at: datetime,
) -> None:
    """Keep that an experiment was given another policy, or another version of it, where it was."""
    named = [(one.policy, one.policy_version) for one in (before, after)]
    if named[0] == named[1]:
        return
    person = asking.person if isinstance(asking, SignedIn) else None
    await log_access(
        connection,
        Access(action=Action.POLICY_CHANGE, person=person),
        experiment=before.key,
        route=route,
        at=at,
        detail={
            "before": before.policy,
            "before_version": before.policy_version,
            "after": after.policy,
            "after_version": after.policy_version,
        },
    )


def _may_change(asking: Asking, found: Experiment) -> bool:
    if not isinstance(asking, SignedIn) or Role.STEWARD in asking.roles:
        return True
    viewer, stake = seen_as(asking), stake_of(found)
    return stake.has_interpreter(viewer) or audience_of(viewer, stake) is Audience.OWNER_TEAM
