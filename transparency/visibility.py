"""Decides who sees how much of an experiment: a pure function of policy, person and phase."""

from schemas.people import Role
from schemas.policies import Level, Phase, PolicyDraft
from transparency.viewers import AT_WORK, Stake, Viewer, audience_of

MOST_OF_A_LEADER = Level.METRICS
"""Roll-ups for others, details for those who do the work."""


def level_for(policy: PolicyDraft, viewer: Viewer, stake: Stake, phase: Phase) -> Level:
    """Return how much this person sees of the experiment in this phase."""
    level = policy.of(audience_of(viewer, stake)).at(phase)
    if Role.LEADER in viewer.roles and not viewer.roles & AT_WORK:
        return min(level, MOST_OF_A_LEADER)
    return level


def may_see_contacts(viewer: Viewer, account_teams: frozenset[str]) -> bool:
    """Tell whether contacts of an account are open: only to sellers of a team that serves it.

    Beside the level, never instead of it: a journey needs `journeys` as well.
    """
    return Role.SELLER in viewer.roles and bool(viewer.teams & account_teams)
