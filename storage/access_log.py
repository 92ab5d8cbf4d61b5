"""The access log: entries are added, read by those concerned, and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from schemas.policies import Level
from storage.pool import Connection
from storage.statements import statement
from transparency.access_log import Access, Action


@dataclass(frozen=True, slots=True)
class Entry:
    """One access, as it was logged before anything was shown."""

    number: int
    at: datetime
    access: Access
    experiment: str | None
    route: str
    detail: Mapping[str, Any] | None


async def log_access(
    connection: Connection,
    access: Access,
    *,
    experiment: str | None,
    route: str,
    at: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry."""
    await connection.execute(
        statement("insert_access"),
        {
            "at": at,
            "action": access.action.value,
            "person": access.person,
            "experiment": experiment,
            "level": access.level.value,
            "route": route,
            "detail": None if detail is None else Jsonb(detail),
        },
    )


async def accesses_before(
    connection: Connection, experiment: str, *, before: int, limit: int
) -> list[Entry]:
    """Return up to `limit` entries of an experiment with a smaller number, the newest first."""
    asked = {"experiment": experiment, "before": before, "limit": limit}
    cursor = await connection.execute(statement("accesses_before"), asked)
    return [
        Entry(
            number,
            at,
            Access(action=Action(action), level=Level(level), person=person),
            of,
            route,
            detail,
        )
        for number, at, action, person, of, level, route, detail in await cursor.fetchall()
    ]
