"""Sessions of people, and sign-ins under way. Secrets are known by their hash alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row

from schemas.people import PersonSide, Role
from storage.pool import Connection
from storage.statements import statement

IDLE = timedelta(hours=8)
"""A working day: who comes back the next morning signs in again."""
LONGEST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class SignedInPerson:
    """Whom a session belongs to, as they stand now."""

    person: str
    name: str
    side: PersonSide
    roles: frozenset[Role]
    teams: frozenset[str]
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A sign-in that has come back from the identity provider."""

    nonce: str
    verifier: str
    return_to: str
    invitation: bytes | None


async def start_session(
    connection: Connection, session_hash: bytes, person: str, *, at: datetime
) -> datetime:
    """Begin a session and return when it ends at the latest; ended ones are forgotten."""
    expires_at = at + LONGEST
    await connection.execute(
        statement("forget_ended_sessions"), {"at": at, "idle_since": at - IDLE}
    )
    told = {"hash": session_hash, "person": person, "at": at, "expires_at": expires_at}
    await connection.execute(statement("insert_session"), told)
    return expires_at


async def signed_in_person(
    connection: Connection, session_hash: bytes, *, at: datetime
) -> SignedInPerson | None:
    """Return whose session this is while it lasts, and note that it was used."""
    cursor = await connection.execute(
        statement("session_by_hash"), {"hash": session_hash, "at": at, "idle_since": at - IDLE}
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    person, name, side, roles, teams, expires_at = row
    held = frozenset(Role(role) for role in roles)
    return SignedInPerson(person, name, PersonSide(side), held, frozenset(teams), expires_at)


async def end_session(connection: Connection, session_hash: bytes) -> None:
    """End one session; one that has ended stays so."""
    await connection.execute(statement("end_session"), {"hash": session_hash})


async def end_sessions_of_person(
    connection: Connection, person: str, *, keep: bytes | None = None
) -> None:
    """End every session of a person, but for one to keep."""
    await connection.execute(statement("end_sessions_of_person"), {"person": person, "keep": keep})


async def begin_flow(
    connection: Connection,
    flow: Flow,
    *,
    state_hash: bytes,
    browser_hash: bytes,
    at: datetime,
    expires_at: datetime,
) -> None:
    """Remember a sign-in that goes to the identity provider; lost ones are forgotten."""
    await connection.execute(statement("forget_ended_flows"), {"at": at})
    await connection.execute(
        statement("insert_flow"),
        {
            "state_hash": state_hash,
            "browser_hash": browser_hash,
            "nonce": flow.nonce,
            "verifier": flow.verifier,
            "return_to": flow.return_to,
            "invitation": flow.invitation,
            "expires_at": expires_at,
        },
    )


async def take_flow(
    connection: Connection, *, state_hash: bytes, browser_hash: bytes, at: datetime
) -> Flow | None:
    """Use up a sign-in that comes back, once, in time and in the browser it began in."""
    async with connection.cursor(row_factory=class_row(Flow)) as cursor:
        told = {"state_hash": state_hash, "browser_hash": browser_hash, "at": at}
        await cursor.execute(statement("take_flow"), told)
        return await cursor.fetchone()
