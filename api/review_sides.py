"""The side that somebody reads for in a joint review, and whose sealed reading is open. Pure."""

from api import problems
from api.identity import Asking, SignedIn, seen_as
from api.problems import ProblemError
from api.visibility import stake_of
from schemas.metric_definitions import Side
from schemas.policies import Audience
from schemas.resources import Experiment
from schemas.reviews import SideOfReview
from transparency.viewers import audience_of


def side_open_to(standing: Experiment, asking: Asking) -> SideOfReview | None:
    """Return the side whose sealed reading is open: to its interpreters and to the owner team.

    Another team of that side would be a way around the seal.
    """
    if not isinstance(asking, SignedIn):
        return None
    named = _named_side(standing, asking)
    if named is not None:
        return named
    viewer, stake = seen_as(asking), stake_of(standing)
    return side_of(asking) if audience_of(viewer, stake) is Audience.OWNER_TEAM else None


def interpreter_side(standing: Experiment, person: SignedIn) -> SideOfReview:
    """Return the side that this person reads for. Raises ProblemError where they read for none."""
    named = _named_side(standing, person)
    if named is None:
        raise ProblemError(
            problems.FORBIDDEN,
            "Only those who are named as interpreters of the experiment do this.",
        )
    return named


def side_of(asking: Asking) -> SideOfReview | None:
    """Return the side that a person belongs to; None for machines and for who serves both."""
    if not isinstance(asking, SignedIn) or asking.side.side is None:
        return None
    return _name_of(asking.side.side)


def _named_side(standing: Experiment, person: SignedIn) -> SideOfReview | None:
    sides = (side for side in Side if person.person in standing.interpreters.of(side))
    return next((_name_of(side) for side in sides), None)


def _name_of(side: Side) -> SideOfReview:
    return "marketing" if side is Side.MARKETING else "sales"
