"""Which reads and changes are kept in the access log, and to whom the log is open."""

from enum import StrEnum

import msgspec

from schemas.people import Role
from schemas.policies import Audience, Level
from transparency.viewers import Stake, Viewer, audience_of

LOGGED_FROM = Level.SEGMENTS


class Action(StrEnum):
    """What somebody did."""

    READ = "read"
    """Looked at an experiment: page, API, export, stream or picture alike."""
    POLICY_CHANGE = "policy_change"
    """Changed a policy, or which policy an experiment has."""
    LOG_READ = "log_read"
    """Read the access log itself."""


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """One access to one experiment.

    `level` is the highest level of which something was in the answer. `person` is absent for a
    machine. `account_teams` serve the account whose journey was read.
    """

    action: Action
    level: Level = Level.NONE
    person: str | None = None
    account_teams: frozenset[str] = frozenset()


def must_log(access: Access) -> bool:
    """Tell whether an access is kept: details read by a person, and every change of a policy.

    A stream is one read when it begins, and one more whenever its level rises.
    """
    if access.action is Action.POLICY_CHANGE:
        return True
    return access.person is not None and access.level >= LOGGED_FROM


def may_read_entry(viewer: Viewer, stake: Stake, access: Access) -> bool:
    """Tell whether an entry is open: to the owner team and to those whom it concerns.

    Concerned are who made it, the interpreters, and sellers of the account that was looked at. A
    change of a policy concerns both sides, and stewards, who answer for policies.
    """
    if viewer.person == access.person or stake.has_interpreter(viewer):
        return True
    audience = audience_of(viewer, stake)
    if audience is Audience.OWNER_TEAM:
        return True
    if access.action is Action.POLICY_CHANGE:
        return audience is Audience.OTHER_SIDE or Role.STEWARD in viewer.roles
    return Role.SELLER in viewer.roles and bool(viewer.teams & access.account_teams)
