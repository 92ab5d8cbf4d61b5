"""Whether the people and the team that a draft names are there, and can do what they are named for.

A house without people has nobody to ask about: there, whatever is named is taken.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from psycopg.rows import class_row

from schemas.people import PersonSide, Role
from schemas.resources import ExperimentDraft, Interpreters, Side
from schemas.scopes import Scope, scopes_of
from storage.draft_refusals import DraftError
from storage.pool import Connection
from storage.statements import statement


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody whom a draft names."""

    id: str
    side: str
    roles: list[str]
    is_active: bool

    @property
    def can_review(self) -> bool:
        """Whether a role of theirs writes readings and signs."""
        return Scope.REVIEWS_WRITE in scopes_of(Role(role) for role in self.roles)


async def check_people(
    connection: Connection, draft: ExperimentDraft, frozen: ExperimentDraft | None
) -> None:
    """Raise DraftError where somebody newly named is unknown, has left, or reads for nobody."""
    new = [*_newly_named(draft, frozen)]
    has_new_team = frozen is None or (draft.team, draft.owner) != (frozen.team, frozen.owner)
    if not (new or (draft.team and has_new_team)) or not await _has_people(connection):
        return
    found = await _named(connection, [person for _, _, person in new])
    for side, place, person in new:
        _check_interpreter(f"interpreters.{side}.{place}", side, found.get(person), person)
    if draft.team and has_new_team:
        await _check_team(connection, draft.team, draft.owner)


async def check_successors(
    connection: Connection, before: ExperimentDraft, after: ExperimentDraft
) -> None:
    """Raise DraftError where somebody who can read is taken off an open review."""
    taken = {side: _without(before, after, side) for side in Side}
    found = await _named(connection, [person for people in taken.values() for person in people])
    for side, people in taken.items():
        for person in people:
            if person in found and found[person].is_active:
                raise DraftError(
                    f"interpreters.{side}",
                    "reads_in_review",
                    f"{person} reads for {side} in the open review: others can be named beside "
                    "them, and in the place of those who have left",
                )


async def sides_without_readers(
    connection: Connection, interpreters: Interpreters
) -> tuple[Side, ...]:
    """Return the sides for which nobody is named who is active and can write a reading."""
    everybody = [person for side in Side for person in interpreters.of(side)]
    found = await _named(connection, everybody)
    reading = {one.id for one in found.values() if one.is_active and one.can_review}
    return tuple(side for side in Side if reading.isdisjoint(interpreters.of(side)))


def _newly_named(
    draft: ExperimentDraft, frozen: ExperimentDraft | None
) -> Iterator[tuple[Side, int, str]]:
    for side in Side:
        known = () if frozen is None else frozen.interpreters.of(side)
        for place, person in enumerate(draft.interpreters.of(side)):
            if person not in known:
                yield side, place, person


def _without(before: ExperimentDraft, after: ExperimentDraft, side: Side) -> list[str]:
    return [p for p in before.interpreters.of(side) if p not in after.interpreters.of(side)]


def _check_interpreter(field: str, side: Side, found: Named | None, person: str) -> None:
    if found is None:
        raise DraftError(field, "unknown_person", f"nobody has the id {person!r}")
    if PersonSide(found.side).side is not side:
        raise DraftError(
            field, "wrong_side", f"{person} works for {found.side} and cannot read for {side}"
        )
    if not found.is_active:
        raise DraftError(field, "inactive_person", f"{person} is not active any more")
    if not found.can_review:
        roles = " and ".join(found.roles)
        raise DraftError(
            field, "no_reviewer", f"{person} is {roles}: who does the work writes readings"
        )


async def _check_team(connection: Connection, team: str, owner: Side) -> None:
    cursor = await connection.execute(statement("sides_of_teams"), {"keys": [team]})
    row = await cursor.fetchone()
    if row is None:
        raise DraftError("team", "unknown_team", f"there is no team {team!r}")
    side = PersonSide(row[1])
    if side.side not in {None, owner}:
        raise DraftError(
            "team", "wrong_side", f"team {team!r} works for {side}, the experiment is of {owner}"
        )


async def _has_people(connection: Connection) -> bool:
    row = await (await connection.execute(statement("has_people"))).fetchone()
    return row is not None and bool(row[0])


async def _named(connection: Connection, ids: Iterable[str]) -> Mapping[str, Named]:
    async with connection.cursor(row_factory=class_row(Named)) as cursor:
        await cursor.execute(statement("people_named"), {"ids": [*ids]})
        return {person.id: person for person in await cursor.fetchall()}
