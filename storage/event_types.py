"""The event types of the house: registered once, afterwards only widened; none is ever removed."""

from collections.abc import Mapping
from datetime import datetime

from psycopg.types.json import Jsonb

from schemas.compatibility import BreakingChange
from schemas.event_type_drafts import EventTypeDraft, OwnType
from schemas.type_changes import changes_that_break
from storage.pool import Connection
from storage.statements import statement


class IncompatibleTypeError(Exception):
    """The new version would refuse events that an older version takes; nothing was changed."""

    def __init__(self, name: str, version: int, changes: tuple[BreakingChange, ...]) -> None:
        """Take the type, its newest version, and what breaks."""
        self.changes = changes
        found = ", ".join(f"{c.path} {c.kind} {c.detail}".rstrip() for c in changes)
        super().__init__(
            f"event type {name!r} would refuse what its version {version} takes: {found}; "
            "register it under another name"
        )


async def register_event_type(
    connection: Connection, draft: EventTypeDraft, *, at: datetime
) -> tuple[OwnType, bool]:
    """Register a type, a changed one as a new version. Return it and whether it is new.

    Raises IncompatibleTypeError.
    """
    first = _version(draft, 1, at)
    inserted = await connection.execute(
        statement("insert_event_type"),
        {"type": draft.type, "version": _json(first), "created_at": at},
    )
    if inserted.rowcount == 1:
        return first, True
    # Held from here on: a version that is added meanwhile would not be compared with this one.
    cursor = await connection.execute(statement("event_type_for_update"), {"type": draft.type})
    return await _amend(connection, _newest(await cursor.fetchone()), draft, at)


async def event_type_versions(connection: Connection, name: str) -> list[OwnType]:
    """Return all versions of a type, newest first; empty where it is not registered."""
    cursor = await connection.execute(statement("event_type_versions"), {"type": name})
    row = await cursor.fetchone()
    return [] if row is None else [OwnType.model_validate(body) for body in reversed(row[0])]


async def newest_event_types(connection: Connection) -> list[OwnType]:
    """Return the newest version of every type, by name."""
    cursor = await connection.execute(statement("newest_event_types"))
    return [OwnType.model_validate(body) for (body,) in await cursor.fetchall()]


async def event_types_newer_than(connection: Connection, known: Mapping[str, int]) -> list[OwnType]:
    """Return the types of these names whose version is higher than the one known, 0 for none."""
    cursor = await connection.execute(
        statement("event_types_newer_than"),
        {"types": list(known), "versions": list(known.values())},
    )
    return [OwnType.model_validate(body) for (body,) in await cursor.fetchall()]


async def _amend(
    connection: Connection, newest: OwnType, draft: EventTypeDraft, at: datetime
) -> tuple[OwnType, bool]:
    version = _version(draft, newest.version + 1, at)
    if _said(version) == _said(newest):
        return newest, False
    changes = changes_that_break(newest.data_schema, draft.data_schema)
    if changes:
        raise IncompatibleTypeError(draft.type, newest.version, changes)
    await connection.execute(
        statement("add_event_type_version"), {"type": draft.type, "version": _json(version)}
    )
    return version, True


def _version(draft: EventTypeDraft, number: int, at: datetime) -> OwnType:
    return OwnType(**draft.model_dump(), version=number, created_at=at)


def _said(version: OwnType) -> dict[str, object]:
    return version.model_dump(exclude={"version", "created_at"})


def _newest(row: tuple[list[dict[str, object]]] | None) -> OwnType:
    assert row is not None, "types are never removed"
    return OwnType.model_validate(row[0][-1])


def _json(version: OwnType) -> Jsonb:
    return Jsonb(version.model_dump(mode="json"))
