"""Who looks at an experiment: people with side, teams and roles, and the audience they make.

A role never opens more than the side and team do. It can only close: leaders get sums.
"""

import msgspec

from schemas.metric_definitions import Side
from schemas.people import Role
from schemas.policies import Audience

OF_A_SIDE = frozenset({Role.MARKETER, Role.SELLER, Role.LEADER})
"""Roles that work for one side; engineers and stewards serve both, and belong to neither."""
AT_WORK = frozenset({Role.MARKETER, Role.SELLER})
"""Roles of those who do the work that an experiment is about."""


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """A person who looks; `side` is absent for those who serve both sides."""

    person: str
    side: Side | None = None
    teams: frozenset[str] = frozenset()
    roles: frozenset[Role] = frozenset()


class Stake(msgspec.Struct, frozen=True, kw_only=True):
    """Whose an experiment is, and who interprets it.

    Where no team is named as owner, the whole side owns it.
    """

    owner: Side
    owner_teams: frozenset[str] = frozenset()
    interpreters: frozenset[str] = frozenset()

    def has_interpreter(self, viewer: Viewer) -> bool:
        """Tell whether this person is to interpret it."""
        return viewer.person in self.interpreters


def audience_of(viewer: Viewer, stake: Stake) -> Audience:
    """Return how close this person is to the experiment.

    An interpreter counts as the side it reads for, in whichever team it works. Another team of the
    owner's own side is the organisation: side by side with it is where comparing people begins.
    """
    if viewer.side is None or not viewer.roles & OF_A_SIDE:
        return Audience.ORGANISATION
    if viewer.side is not stake.owner:
        return Audience.OTHER_SIDE
    is_owner = not stake.owner_teams or bool(viewer.teams & stake.owner_teams)
    if is_owner or stake.has_interpreter(viewer):
        return Audience.OWNER_TEAM
    return Audience.ORGANISATION
