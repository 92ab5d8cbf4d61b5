"""Who owns a webhook, as they stand now: a person who works here, or a token in force."""

from datetime import datetime

from schemas.people import Person
from schemas.scopes import Scope
from storage.people import UnknownPersonError, person
from storage.pool import Connection
from storage.statements import statement
from storage.tokens import TokenInForce

Owner = Person | TokenInForce


async def owner(connection: Connection, created_by: str, *, at: datetime) -> Owner | None:
    """Return who made a webhook, by the id of a person or a token.

    None where that person works here no more, or the token is out of force.
    """
    token = await _token(connection, created_by, at)
    return token or await _person(connection, created_by)


async def _token(connection: Connection, token_id: str, at: datetime) -> TokenInForce | None:
    cursor = await connection.execute(statement("token_by_id"), {"id": token_id, "at": at})
    row = await cursor.fetchone()
    if row is None:
        return None
    found, name, scopes, expires_at = row
    return TokenInForce(found, name, frozenset(Scope(scope) for scope in scopes), expires_at)


async def _person(connection: Connection, person_id: str) -> Person | None:
    try:
        found = await person(connection, person_id)
    except UnknownPersonError:
        return None
    return found if found.is_active else None
