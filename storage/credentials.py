"""What people sign in with: keyed hashes of addresses, password hashes, accounts elsewhere.

Nothing of it is ever part of a person as `storage.people` returns them.
"""

from dataclasses import dataclass
from datetime import datetime

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from storage.pool import Connection
from storage.statements import statement


class SubjectTakenError(Exception):
    """The account at the identity provider belongs to another person."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is known of an active person who may want to sign in."""

    person: str
    password_hash: str | None
    openid_subject: str | None


async def credentials_by_address(connection: Connection, address_hash: bytes) -> Credentials | None:
    """Return whom an address belongs to, while they are active."""
    async with connection.cursor(row_factory=class_row(Credentials)) as cursor:
        await cursor.execute(statement("credentials_by_address"), {"address_hash": address_hash})
        return await cursor.fetchone()


async def password_of_person(connection: Connection, person: str) -> str | None:
    """Return the hash of a person's password."""
    cursor = await connection.execute(statement("password_of_person"), {"person": person})
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def set_password(connection: Connection, person: str, password_hash: str) -> None:
    """Let a person sign in with this password, and with no other."""
    await connection.execute(
        statement("set_password"), {"person": person, "password_hash": password_hash}
    )


async def person_of_subject(connection: Connection, issuer: str, subject: str) -> str | None:
    """Return whom an account at the identity provider belongs to, while they are active."""
    cursor = await connection.execute(
        statement("person_of_subject"), {"issuer": issuer, "subject": subject}
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def link_subject(connection: Connection, person: str, issuer: str, subject: str) -> None:
    """Let a person sign in with this account elsewhere. Raises SubjectTakenError."""
    told = {"person": person, "issuer": issuer, "subject": subject}
    try:
        await connection.execute(statement("link_subject"), told)
    except UniqueViolation:
        raise SubjectTakenError from None


async def put_invitation(
    connection: Connection, person: str, invitation_hash: bytes, *, expires_at: datetime
) -> None:
    """Invite a person; an invitation that was not used is replaced."""
    told = {"person": person, "hash": invitation_hash, "expires_at": expires_at}
    await connection.execute(statement("put_invitation"), told)


async def is_invited(connection: Connection, invitation_hash: bytes, *, at: datetime) -> bool:
    """Tell whether an invitation can be used, and leave it as it is."""
    cursor = await connection.execute(
        statement("invitation_in_force"), {"hash": invitation_hash, "at": at}
    )
    return await cursor.fetchone() is not None


async def take_invitation(
    connection: Connection, invitation_hash: bytes, *, at: datetime
) -> str | None:
    """Use an invitation up. Return the active person whom it was for, if it has not ended."""
    cursor = await connection.execute(
        statement("take_invitation"), {"hash": invitation_hash, "at": at}
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]
