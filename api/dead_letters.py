"""Refused records of the log: read them with the reason, repair them, send them again."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.services import ServicesHere
from schemas.dead_letters import identity_of
from storage.dead_letters import DeadLetterRow, dead_letters_after

router = APIRouter(prefix="/v1/dead-letters", tags=["dead letters"])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RefusedRecord(BaseModel):
    """A refused record: where it stands, why it was refused, and its bytes in base64."""

    number: int
    topic: str
    partition: int
    offset: int
    source: str | None
    id: str | None
    field: str
    rule: str
    detail: str
    received_at: datetime
    raw: str


class DeadLetters(BaseModel):
    """A page of refused records, oldest first; `next` is where the next one goes on."""

    dead_letters: list[RefusedRecord]
    next: int | None


@router.get("")
async def list_dead_letters(
    services: ServicesHere,
    after: Annotated[int, Query(ge=0, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> DeadLetters:
    """Return a page of refused records."""
    async with services.database.connection() as connection:
        rows = await dead_letters_after(connection, after=after, limit=limit + 1)
    page = rows[:limit]
    return DeadLetters(
        dead_letters=[_record(row) for row in page],
        next=page[-1].id if len(rows) > limit else None,
    )


def _record(row: DeadLetterRow) -> RefusedRecord:
    source, event_id = identity_of(row.raw)
    return RefusedRecord(
        number=row.id,
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        source=source,
        id=event_id,
        field=row.field,
        rule=row.rule,
        detail=row.detail,
        received_at=_EPOCH + timedelta(microseconds=row.received_us),
        raw=base64.b64encode(row.raw).decode(),
    )
