"""Types of the house in PostgreSQL: versions that only widen, and what a process knows of them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from psycopg import AsyncConnection

from schemas.event_type_drafts import EventTypeDraft, OwnType
from schemas.events import InvalidEvent
from storage.event_types import (
    IncompatibleTypeError,
    event_type_versions,
    newest_event_types,
    register_event_type,
)
from storage.known_types import REFRESH_SECONDS, KnownTypes
from storage.pool import Connection

pytestmark = pytest.mark.stack

AT = datetime(2026, 3, 1, tzinfo=UTC)
Found = TypeVar("Found")


def draft(name: str = "shop.order.placed", **schema: Any) -> EventTypeDraft:
    return EventTypeDraft.model_validate(
        {"type": name, "meaning": "An order", "owner": "sales", "data_schema": schema}
    )


def run(database: str, body: Callable[[Connection], Awaitable[Found]]) -> Found:
    async def connected() -> Found:
        async with await AsyncConnection.connect(database, autocommit=True) as connection:
            return await body(connection)

    return asyncio.run(connected())


async def register(connection: Connection, *drafts: EventTypeDraft) -> list[OwnType]:
    return [(await register_event_type(connection, one, at=AT))[0] for one in drafts]


def test_a_schema_comes_back_as_it_was_registered(database: str) -> None:
    schema = {
        "properties": {"größe": {"enum": [1, 1.5, "x\ty", None, True]}, "n": {"maximum": 2**63 - 1}}
    }

    async def body(connection: Connection) -> list[OwnType]:
        await register(connection, draft(**schema))
        return await newest_event_types(connection)

    (found,) = run(database, body)
    assert (found.data_schema, found.version, found.created_at) == (schema, 1, AT)


def test_two_who_register_a_type_at_once_make_one_version_after_the_other(database: str) -> None:
    async def body(connection: Connection) -> list[int]:
        async def one(limit: int) -> None:
            connect = AsyncConnection.connect(database, autocommit=True)
            async with await connect as own, own.transaction():
                await register_event_type(own, draft(maxProperties=limit), at=AT)
                await asyncio.sleep(0.2)

        ended = await asyncio.gather(*(one(n) for n in (5, 6)), return_exceptions=True)
        failures = [failure for failure in ended if failure is not None]
        assert [type(failure) for failure in failures] in ([], [IncompatibleTypeError])
        versions = await event_type_versions(connection, "shop.order.placed")
        return [version.data_schema["maxProperties"] for version in versions]

    # Whoever comes second is held against the first: 6 after 5 widens, 5 after 6 is refused.
    assert run(database, body) in ([6, 5], [6])


def test_a_version_is_compared_with_the_newest_not_the_first(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, draft(maxProperties=5), draft(maxProperties=9))
        with pytest.raises(IncompatibleTypeError, match=r"its version 2 takes: \$ narrowed range"):
            await register(connection, draft(maxProperties=7))

    run(database, body)


def test_a_process_learns_a_type_once_and_asks_for_no_name_that_cannot_be(database: str) -> None:
    known = KnownTypes()

    async def body(connection: Connection) -> list[bool]:
        await register(connection, draft(maxProperties=1))
        return [await known.learn(connection, ["shop.order.placed"], 1.0) for _ in range(2)]

    assert run(database, body) == [True, False]
    known.own_types.check("shop.order.placed", {"a": 1})
    with pytest.raises(InvalidEvent):
        known.own_types.check("shop.order.placed", {"a": 1, "b": 2})
    assert known.lacks(["shop.order.returned"], 1.0)
    assert not known.lacks(["deal.one", "nonsense", "shop.\x00"], 1.0)


def test_what_is_known_is_old_after_a_while_and_then_learns_newer_versions(database: str) -> None:
    known = KnownTypes()

    async def body(connection: Connection) -> None:
        await register(connection, draft(maxProperties=1))
        await known.learn(connection, ["shop.order.placed"], 1.0)
        await register(connection, draft(maxProperties=2))
        assert not known.lacks([], 1.0)
        assert known.lacks([], 1.0 + REFRESH_SECONDS)
        assert await known.learn(connection, [], 1.0 + REFRESH_SECONDS)

    run(database, body)
    known.own_types.check("shop.order.placed", {"a": 1, "b": 2})


def test_types_that_are_not_asked_for_are_not_loaded(database: str) -> None:
    known = KnownTypes()

    async def body(connection: Connection) -> None:
        await register(connection, *(draft(f"shop.order.step_{n}") for n in range(20)))
        await known.learn(connection, ["shop.order.step_7", "shop.order.never"], 1.0)

    run(database, body)
    assert [*known.own_types.validators] == ["shop.order.step_7"]
