"""What each webhook is owed: claimed by one process at a time, settled, logged, sent again by hand.

A claim ends by itself: where the process dies between sending and settling, another sends again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from psycopg.rows import class_row

from storage.pool import Connection
from storage.statements import statement


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    WITHHELD = "withheld"
    """Its owner may not see it."""
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process is to send now."""

    id: int
    webhook_id: UUID
    url: str
    owner: str | None
    insight_id: UUID
    body: str
    attempts: int
    first_tried_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try, as logged; there is no status where no answer came."""

    delivery_id: int
    began_at: datetime
    milliseconds: int
    outcome: str
    status_code: int | None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as listed."""

    id: int
    insight_id: UUID
    kind: str
    subject: str
    body: str
    state: str
    attempts: int
    next_attempt_at: datetime
    settled_at: datetime | None
    recorded_at: datetime


async def claim_deliveries(
    connection: Connection,
    *,
    at: datetime,
    lease: timedelta,
    most: int,
    of_each: int,
    busy: Collection[UUID] = (),
) -> list[Claimed]:
    """Take what is due, at most `of_each` per webhook and none of those that are `busy`.

    Of a webhook to which nothing comes through, one is taken. No other process takes them before
    the lease is over.
    """
    cursor = connection.cursor(row_factory=class_row(Claimed))
    await cursor.execute(
        statement("claim_deliveries"),
        {"at": at, "until": at + lease, "most": most, "of_each": of_each, "busy": list(busy)},
    )
    return await cursor.fetchall()


async def log_attempt(connection: Connection, attempt: Attempt) -> None:
    """Keep how one try went. The caller holds the webhook, so that the delivery is there."""
    await connection.execute(
        statement("insert_webhook_attempt"),
        {
            "delivery_id": attempt.delivery_id,
            "began_at": attempt.began_at,
            "milliseconds": attempt.milliseconds,
            "outcome": attempt.outcome,
            "status_code": attempt.status_code,
        },
    )


async def settle_delivery(
    connection: Connection,
    delivery_id: int,
    state: DeliveryState,
    *,
    at: datetime,
    next_attempt_at: datetime | None = None,
) -> None:
    """Note where a delivery stands after a try; one that is settled already stays as it is."""
    await connection.execute(
        statement("settle_delivery"),
        {"id": delivery_id, "state": state, "at": at, "next_attempt_at": next_attempt_at},
    )


async def redeliver(
    connection: Connection, webhook_id: UUID, *, ids: Sequence[int] | None, at: datetime
) -> int:
    """Begin anew with these deliveries, or all dead ones; return how many."""
    cursor = await connection.execute(
        statement("redeliver"),
        {"webhook_id": webhook_id, "ids": None if ids is None else list(ids), "at": at},
    )
    return cursor.rowcount


async def deliveries_of(
    connection: Connection,
    webhook_id: UUID,
    *,
    before: int | None,
    state: DeliveryState | None,
    limit: int,
) -> list[DeliveryRow]:
    """Return up to `limit` deliveries, the newest first, from below `before` on."""
    cursor = connection.cursor(row_factory=class_row(DeliveryRow))
    await cursor.execute(
        statement("deliveries_of_webhook"),
        {"webhook_id": webhook_id, "before": before, "state": state, "limit": limit},
    )
    return await cursor.fetchall()


async def attempts_of(
    connection: Connection, delivery_ids: Sequence[int]
) -> dict[int, list[Attempt]]:
    """Return every try of each delivery, the oldest first."""
    cursor = connection.cursor(row_factory=class_row(Attempt))
    await cursor.execute(statement("attempts_of_deliveries"), {"delivery_ids": list(delivery_ids)})
    found: dict[int, list[Attempt]] = {}
    for attempt in await cursor.fetchall():
        found.setdefault(attempt.delivery_id, []).append(attempt)
    return found
