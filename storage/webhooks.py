"""Webhooks: where insights are sent, which ones, and the secrets that sign them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from storage.pool import Connection
from storage.statements import statement


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as stored; empty `kinds` or `experiments` ask for all of them.

    `created_by` is its owner, a person or a token; None for the deployment itself.
    """

    id: UUID
    url: str
    kinds: list[str]
    experiments: list[str]
    note: str
    is_active: bool
    created_by: str | None
    created_at: datetime
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """A secret as stored: sealed with the key of the API, or plain."""

    webhook_id: UUID
    secret: bytes
    is_sealed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a webhook asks for."""

    kinds: Collection[str]
    experiments: Collection[str]
    note: str


class UnknownWebhookError(LookupError):
    """No webhook has this id."""


async def add_webhook(
    connection: Connection,
    webhook_id: UUID,
    url: str,
    wanted: Wanted,
    *,
    created_by: str | None,
    at: datetime,
) -> Webhook:
    """Remember a webhook; it is sent what is recorded from now on."""
    await connection.execute(
        statement("insert_webhook"),
        {
            "id": webhook_id,
            "url": url,
            "kinds": sorted(wanted.kinds),
            "experiments": sorted(wanted.experiments),
            "note": wanted.note,
            "created_by": created_by,
            "at": at,
        },
    )
    return await webhook(connection, webhook_id)


async def webhooks(connection: Connection, *, of: str | None = None) -> list[Webhook]:
    """Return the webhooks of one owner, or every one, the oldest first."""
    cursor = connection.cursor(row_factory=class_row(Webhook))
    await cursor.execute(statement("webhooks"), {"owner": of})
    return await cursor.fetchall()


async def webhook(connection: Connection, webhook_id: UUID, *, to_change: bool = False) -> Webhook:
    """Return one webhook, locked where it is to be changed. Raises UnknownWebhookError."""
    name = "webhook_for_update" if to_change else "webhook_by_id"
    cursor = connection.cursor(row_factory=class_row(Webhook))
    await cursor.execute(statement(name), {"id": webhook_id})
    found = await cursor.fetchone()
    if found is None:
        raise UnknownWebhookError(f"no webhook has the id {webhook_id}")
    return found


async def change_webhook(connection: Connection, webhook_id: UUID, wanted: Wanted) -> None:
    """Ask for something else from now on."""
    await connection.execute(
        statement("change_webhook"),
        {
            "id": webhook_id,
            "kinds": sorted(wanted.kinds),
            "experiments": sorted(wanted.experiments),
            "note": wanted.note,
        },
    )


async def enable_webhook(connection: Connection, webhook_id: UUID) -> None:
    """Send what is recorded from now on again."""
    await connection.execute(statement("enable_webhook"), {"id": webhook_id})


async def disable_webhook(
    connection: Connection, webhook_id: UUID, *, reason: str, at: datetime
) -> None:
    """Send nothing more; what is owed can be sent by hand once it is enabled again."""
    await connection.execute(
        statement("disable_webhook"), {"id": webhook_id, "reason": reason, "at": at}
    )
    await connection.execute(statement("give_up_deliveries"), {"webhook_id": webhook_id, "at": at})


async def delete_webhook(connection: Connection, webhook_id: UUID) -> None:
    """Forget a webhook and everything about it. Raises UnknownWebhookError."""
    cursor = await connection.execute(statement("delete_webhook"), {"id": webhook_id})
    if cursor.rowcount == 0:
        raise UnknownWebhookError(f"no webhook has the id {webhook_id}")


async def note_webhook_success(connection: Connection, webhook_id: UUID) -> None:
    """Something came through."""
    await connection.execute(statement("note_webhook_success"), {"id": webhook_id})


async def note_webhook_failure(
    connection: Connection, webhook_id: UUID, *, since: datetime
) -> None:
    """Nothing came through; the first such time is kept."""
    await connection.execute(statement("note_webhook_failure"), {"id": webhook_id, "since": since})


async def add_secret(connection: Connection, secret: StoredSecret, *, at: datetime) -> None:
    """Sign with one more secret."""
    await connection.execute(
        statement("insert_webhook_secret"),
        {
            "webhook_id": secret.webhook_id,
            "secret": secret.secret,
            "is_sealed": secret.is_sealed,
            "at": at,
        },
    )


async def expire_secrets(connection: Connection, webhook_id: UUID, *, expires_at: datetime) -> None:
    """Let every secret that there is end then, or earlier where it already does."""
    await connection.execute(
        statement("expire_webhook_secrets"),
        {"webhook_id": webhook_id, "expires_at": expires_at},
    )


async def delete_expired_secrets(connection: Connection, *, at: datetime) -> None:
    """Forget secrets that sign nothing any more."""
    await connection.execute(statement("delete_expired_secrets"), {"at": at})


async def secrets_of(
    connection: Connection, webhook_ids: Sequence[UUID], *, at: datetime
) -> dict[UUID, list[StoredSecret]]:
    """Return the secrets of each webhook that sign at this time, the newest first."""
    cursor = connection.cursor(row_factory=class_row(StoredSecret))
    await cursor.execute(
        statement("secrets_of_webhooks"), {"webhook_ids": list(webhook_ids), "at": at}
    )
    found: dict[UUID, list[StoredSecret]] = {}
    for secret in await cursor.fetchall():
        found.setdefault(secret.webhook_id, []).append(secret)
    return found
