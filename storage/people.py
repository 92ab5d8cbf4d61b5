"""People and teams. What only sign-in needs is kept apart, in `storage.credentials`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from schemas.people import (
    Person,
    PersonChange,
    PersonDraft,
    PersonFields,
    PersonSide,
    Role,
    Team,
    TeamDraft,
)
from storage.pool import Connection
from storage.sessions import end_sessions_of_person
from storage.statements import statement


class UnknownPersonError(LookupError):
    """Nobody has this id."""


class UnknownTeamError(LookupError):
    """No team has this key."""


class TeamTakenError(Exception):
    """A team has this key already."""


class WrongTeamError(ValueError):
    """A person cannot be in this team: it does not exist, or works for the other side."""


class AddressTakenError(Exception):
    """Another person signs in with this address."""


@dataclass(frozen=True, slots=True)
class _PersonRow:
    id: str
    name: str
    side: str
    roles: list[str]
    is_active: bool
    created_at: datetime
    teams: list[str]
    signs_in_with: Literal["password", "openid"] | None


async def add_person(
    connection: Connection,
    person_id: str,
    draft: PersonDraft,
    address_hash: bytes,
    *,
    at: datetime,
    by: str | None,
) -> Person:
    """Add a person. Raises WrongTeamError and AddressTakenError."""
    await connection.execute(
        statement("insert_person"), {"id": person_id, "at": at, "by": by, **_told(draft)}
    )
    await _join(connection, person_id, draft)
    try:
        await connection.execute(
            statement("insert_credentials"), {"person": person_id, "address_hash": address_hash}
        )
    except UniqueViolation:
        raise AddressTakenError from None
    return await person(connection, person_id)


async def change_person(
    connection: Connection, person_id: str, change: PersonChange, address_hash: bytes | None
) -> Person:
    """Let a person stand as they shall; who is not active any more is signed out.

    Raises UnknownPersonError, WrongTeamError and AddressTakenError.
    """
    cursor = await connection.execute(
        statement("update_person"),
        {"id": person_id, "is_active": change.is_active, **_told(change)},
    )
    if cursor.rowcount == 0:
        raise UnknownPersonError(f"nobody has the id {person_id!r}")
    await connection.execute(statement("leave_teams"), {"person": person_id})
    await _join(connection, person_id, change)
    if address_hash is not None:
        await _change_address(connection, person_id, address_hash)
    if not change.is_active:
        await end_sessions_of_person(connection, person_id)
    return await person(connection, person_id)


async def person(connection: Connection, person_id: str) -> Person:
    """Return a person. Raises UnknownPersonError."""
    async with connection.cursor(row_factory=class_row(_PersonRow)) as cursor:
        await cursor.execute(statement("person_by_id"), {"id": person_id})
        row = await cursor.fetchone()
    if row is None:
        raise UnknownPersonError(f"nobody has the id {person_id!r}")
    return _person(row)


async def people_after(connection: Connection, *, after: str, limit: int) -> list[Person]:
    """Return up to `limit` people whose id sorts behind `after`."""
    async with connection.cursor(row_factory=class_row(_PersonRow)) as cursor:
        await cursor.execute(statement("people_after"), {"after": after, "limit": limit})
        return [_person(row) for row in await cursor.fetchall()]


async def add_team(connection: Connection, draft: TeamDraft, *, at: datetime) -> Team:
    """Write down a team. Raises TeamTakenError."""
    async with connection.cursor(row_factory=class_row(Team)) as cursor:
        told = {"key": draft.key, "name": draft.name, "side": draft.side, "at": at}
        await cursor.execute(statement("insert_team"), told)
        team = await cursor.fetchone()
    if team is None:
        raise TeamTakenError(f"there is a team {draft.key!r} already")
    return team


async def rename_team(connection: Connection, key: str, name: str) -> Team:
    """Give a team another name. Raises UnknownTeamError."""
    async with connection.cursor(row_factory=class_row(Team)) as cursor:
        await cursor.execute(statement("rename_team"), {"key": key, "name": name})
        team = await cursor.fetchone()
    if team is None:
        raise UnknownTeamError(f"no team has the key {key!r}")
    return team


async def all_teams(connection: Connection) -> list[Team]:
    """Return every team, by key."""
    async with connection.cursor(row_factory=class_row(Team)) as cursor:
        await cursor.execute(statement("all_teams"))
        return await cursor.fetchall()


async def _join(connection: Connection, person_id: str, fields: PersonFields) -> None:
    cursor = await connection.execute(statement("sides_of_teams"), {"keys": list(fields.teams)})
    sides = {key: PersonSide(side) for key, side in await cursor.fetchall()}
    for team in fields.teams:
        _check_team(team, sides.get(team), fields.side)
    await connection.execute(
        statement("join_teams"), {"person": person_id, "teams": list(fields.teams)}
    )


def _check_team(team: str, side_of_team: PersonSide | None, side: PersonSide) -> None:
    if side_of_team is None:
        raise WrongTeamError(f"there is no team {team!r}")
    if side_of_team not in {side, PersonSide.NEUTRAL}:
        raise WrongTeamError(f"team {team!r} works for {side_of_team}, this person for {side}")


async def _change_address(connection: Connection, person_id: str, address_hash: bytes) -> None:
    try:
        await connection.execute(
            statement("change_address"), {"person": person_id, "address_hash": address_hash}
        )
    except UniqueViolation:
        raise AddressTakenError from None


def _told(fields: PersonFields) -> dict[str, object]:
    return {"name": fields.name, "side": fields.side, "roles": _in_order(fields.roles)}


def _in_order(roles: Sequence[Role]) -> list[str]:
    return [role.value for role in Role if role in roles]


def _person(row: _PersonRow) -> Person:
    return Person(
        id=row.id,
        name=row.name,
        side=PersonSide(row.side),
        roles=tuple(Role(role) for role in row.roles),
        teams=tuple(row.teams),
        is_active=row.is_active,
        signs_in_with=row.signs_in_with,
        created_at=row.created_at,
    )
