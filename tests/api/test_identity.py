"""Who asks, as the rules of visibility see them."""

import pytest

from api.identity import DEPLOYMENT, Asking, Machine, SignedIn, seen_as
from schemas.metric_definitions import Side
from schemas.people import PersonSide, Role
from schemas.scopes import Scope, scopes_of

ADA = SignedIn(
    person="p-00000000000000ad",
    name="Ada",
    side=PersonSide.MARKETING,
    roles=frozenset(Role),
    teams=frozenset({"growth"}),
    scopes=scopes_of(Role),
    session=b"",
)


def test_a_person_is_seen_with_side_teams_and_every_role() -> None:
    seen = seen_as(ADA)

    assert (seen.person, seen.side, seen.teams) == (ADA.person, Side.MARKETING, {"growth"})
    assert seen.roles == set(Role)


@pytest.mark.parametrize(
    "machine", [DEPLOYMENT, Machine(token="t-1", name="x", scopes=frozenset({Scope.RESULTS_READ}))]
)
def test_a_machine_is_of_no_side_and_does_no_role(machine: Asking) -> None:
    seen = seen_as(machine)

    assert (seen.side, seen.teams, seen.roles) == (None, frozenset(), frozenset())


def test_who_serves_both_sides_is_seen_with_none() -> None:
    assert PersonSide.NEUTRAL.side is None
    assert [PersonSide(side.value).side for side in Side] == list(Side)


def test_admin_opens_everything_and_no_role_has_it() -> None:
    assert all(DEPLOYMENT.may(scope) for scope in Scope)
    assert not ADA.may(Scope.ADMIN)
    assert DEPLOYMENT.actor is None
    assert ADA.actor == ADA.person
