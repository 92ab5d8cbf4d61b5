"""Who asks: a person who is signed in, or a machine with a token. There is no third, and no none.

Routes take `Viewer`; what a route needs before it runs is in `api.requirements`.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.types import Scope as AsgiScope

from api.problems import FORBIDDEN, ProblemError
from schemas.people import PersonSide, Role
from schemas.scopes import Scope, allows
from transparency import viewers

_PLACE = "roundtable.asking"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A person who is signed in, as they stand now."""

    person: str
    name: str
    side: PersonSide
    roles: frozenset[Role]
    teams: frozenset[str]
    scopes: frozenset[Scope]
    session: bytes
    """The hash that the session is stored under."""

    @property
    def actor(self) -> str:
        """What is written down where something was done."""
        return self.person

    def may(self, scope: Scope) -> bool:
        """Tell whether they may ask this."""
        return allows(self.scopes, scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A system that shows a token."""

    token: str | None
    """The id of its token, None for the deployment's own."""
    name: str
    scopes: frozenset[Scope]

    @property
    def actor(self) -> str | None:
        """What is written down where something was done; None for the deployment token."""
        return self.token

    def may(self, scope: Scope) -> bool:
        """Tell whether it may ask this."""
        return allows(self.scopes, scope)


Asking = SignedIn | Machine

DEPLOYMENT = Machine(token=None, name="deployment", scopes=frozenset({Scope.ADMIN}))


def place_asking(scope: AsgiScope, asking: Asking) -> None:
    """Note who sent a request, before any route sees it."""
    scope[_PLACE] = asking


def viewer_of(request: Request) -> Asking:
    """Return who sent this request."""
    # Missing only on routes that are open to everybody; those have nobody to ask for.
    asking: Asking = request.scope[_PLACE]
    return asking


def person_of(request: Request) -> SignedIn:
    """Return the person who sent this request. Raises ProblemError where a machine did."""
    asking = viewer_of(request)
    if not isinstance(asking, SignedIn):
        raise ProblemError(FORBIDDEN, "This is for people who are signed in, not for tokens.")
    return asking


Viewer = Annotated[Asking, Depends(viewer_of)]
PersonHere = Annotated[SignedIn, Depends(person_of)]


def seen_as(asking: Asking) -> viewers.Viewer:
    """Return whoever asks as the rules of visibility know them.

    A machine belongs to no side and does no role's work: it sees what the organisation sees.
    """
    if isinstance(asking, Machine):
        return viewers.Viewer(person=asking.token or asking.name)
    return viewers.Viewer(
        person=asking.person,
        side=asking.side.side,
        teams=asking.teams,
        roles=asking.roles,
    )
