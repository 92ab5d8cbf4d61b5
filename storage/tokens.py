"""Tokens of machines, known by the hash of their secret.

SHA-256 is right here and would be wrong for passwords: a secret of 256 random bits cannot be
guessed, however fast a guess is, and verifying it must not be slow.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row

from schemas.scopes import Scope
from schemas.tokens import Token, TokenDraft
from storage.pool import Connection
from storage.statements import statement


class UnknownTokenError(LookupError):
    """No token has this id."""


@dataclass(frozen=True, slots=True)
class TokenInForce:
    """A token that was shown: what it is called and may ask, and until when."""

    id: str
    name: str
    scopes: frozenset[Scope]
    expires_at: datetime


async def add_token(
    connection: Connection,
    token_id: str,
    token_hash: bytes,
    draft: TokenDraft,
    *,
    at: datetime,
    by: str | None,
) -> Token:
    """Keep a new token."""
    told = {
        "id": token_id,
        "hash": token_hash,
        "name": draft.name,
        "scopes": sorted(draft.scopes),
        "at": at,
        "by": by,
        "expires_at": at + timedelta(days=draft.days),
    }
    async with connection.cursor(row_factory=class_row(Token)) as cursor:
        await cursor.execute(statement("insert_token"), told)
        token = await cursor.fetchone()
    assert token is not None, "an insert without a condition returns its row"
    return token


async def token_in_force(
    connection: Connection, token_hash: bytes, *, at: datetime
) -> TokenInForce | None:
    """Return the token with this secret while it is in force, and note that it was used."""
    cursor = await connection.execute(statement("token_by_hash"), {"hash": token_hash, "at": at})
    row = await cursor.fetchone()
    if row is None:
        return None
    token_id, name, scopes, expires_at = row
    return TokenInForce(token_id, name, frozenset(Scope(scope) for scope in scopes), expires_at)


async def tokens_after(connection: Connection, *, after: str, limit: int) -> list[Token]:
    """Return up to `limit` tokens whose id sorts behind `after`, those out of force as well."""
    async with connection.cursor(row_factory=class_row(Token)) as cursor:
        await cursor.execute(statement("tokens_after"), {"after": after, "limit": limit})
        return await cursor.fetchall()


async def revoke_token(connection: Connection, token_id: str, *, at: datetime) -> Token:
    """Put a token out of force; one that is so already stays. Raises UnknownTokenError."""
    async with connection.cursor(row_factory=class_row(Token)) as cursor:
        await cursor.execute(statement("revoke_token"), {"id": token_id, "at": at})
        token = await cursor.fetchone()
    if token is None:
        raise UnknownTokenError(f"no token has the id {token_id!r}")
    return token
