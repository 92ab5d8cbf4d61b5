"""What is remembered of secrets: few seconds, few of them, one question at a time."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from api import verified
from api.database import DatabaseUnreachableError
from api.verified import Verified

FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Token:
    name: str
    expires_at: datetime = FOR_EVER


@dataclass
class Registry:
    """Knows tokens; counts how often it is asked."""

    tokens: dict[bytes, Token] = field(default_factory=dict)
    asked: int = 0
    is_down: bool = False
    pause: asyncio.Event | None = None

    async def ask(self, secret_hash: bytes) -> Token | None:
        self.asked += 1
        if self.is_down:
            raise DatabaseUnreachableError
        found = self.tokens.get(secret_hash)
        if self.pause is not None:
            await self.pause.wait()
        return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> "Clock":
    found = Clock()
    monkeypatch.setattr(verified, "time", found)
    return found


class Clock:
    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


def test_an_answer_holds_for_five_seconds_and_not_longer(clock: Clock) -> None:
    registry = Registry({b"a": Token("a")})

    async def body() -> None:
        known = Verified(registry.ask)
        for _ in range(100):
            assert await known.of(b"a") == Token("a")
        assert registry.asked == 1
        registry.tokens.clear()  # revoked, in another process
        clock.now += 4.9
        assert await known.of(b"a") == Token("a")
        clock.now += 0.2
        assert await known.of(b"a") is None

    asyncio.run(body())
    assert registry.asked == 2
    assert verified.SECONDS == 5


def test_what_is_forgotten_is_asked_again_at_once(clock: Clock) -> None:
    registry = Registry({b"a": Token("a")})

    async def body() -> None:
        known = Verified(registry.ask)
        await known.of(b"a")
        registry.tokens.clear()
        known.forget()
        assert await known.of(b"a") is None

    asyncio.run(body())


def test_an_answer_that_was_under_way_when_something_was_revoked_is_not_kept(
    clock: Clock,
) -> None:
    async def body() -> None:
        registry = Registry({b"a": Token("a")}, pause=asyncio.Event())
        known = Verified(registry.ask)
        early = asyncio.create_task(known.of(b"a"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        registry.tokens.clear()
        known.forget()
        assert registry.pause is not None
        registry.pause.set()
        await early
        assert await known.of(b"a") is None

    asyncio.run(body())


def test_what_ends_meanwhile_is_not_in_force_any_more(clock: Clock) -> None:
    ended = Token("a", datetime.now(UTC) - timedelta(seconds=1))

    async def body() -> None:
        known = Verified(Registry({b"a": ended}).ask)
        assert await known.of(b"a") is None

    asyncio.run(body())


def test_requests_that_come_together_ask_once_and_one_that_leaves_disturbs_none(
    clock: Clock,
) -> None:
    async def body() -> None:
        registry = Registry({b"a": Token("a")}, pause=asyncio.Event())
        known = Verified(registry.ask)
        waiting = [asyncio.create_task(known.of(b"a")) for _ in range(50)]
        await asyncio.sleep(0)
        waiting.pop(0).cancel()
        assert registry.pause is not None
        registry.pause.set()
        assert await asyncio.gather(*waiting) == [Token("a")] * 49
        assert registry.asked == 1

    asyncio.run(body())


def test_an_unknown_secret_pushes_nothing_out_and_is_not_remembered(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verified, "MOST", 2)
    registry = Registry({b"a": Token("a"), b"b": Token("b"), b"c": Token("c")})

    async def body() -> None:
        known = Verified(registry.ask)
        await known.of(b"a")
        for number in range(100):
            assert await known.of(b"%d" % number) is None
        assert known.knows(b"a")
        assert not known.knows(b"1")
        await known.of(b"b")
        await known.of(b"c")
        assert [known.knows(name) for name in (b"a", b"b", b"c")] == [False, True, True]

    asyncio.run(body())


def test_an_outage_is_outlived_for_as_long_as_was_said(clock: Clock) -> None:
    registry = Registry({b"a": Token("a")})

    async def body() -> None:
        known = Verified(registry.ask, outage_seconds=600)
        await known.of(b"a")
        registry.is_down = True
        clock.now += 300
        asked = registry.asked
        for _ in range(10):
            assert await known.of(b"a") == Token("a")
        assert registry.asked == asked + 1  # not every request waits for a database that is away
        with pytest.raises(DatabaseUnreachableError):
            await known.of(b"b")
        clock.now += 301
        with pytest.raises(DatabaseUnreachableError):
            await known.of(b"a")

    asyncio.run(body())


def test_without_such_a_word_an_outage_is_told(clock: Clock) -> None:
    registry = Registry({b"a": Token("a")})

    async def body() -> None:
        known = Verified(registry.ask)
        await known.of(b"a")
        registry.is_down = True
        clock.now += 6
        with pytest.raises(DatabaseUnreachableError):
            await known.of(b"a")

    asyncio.run(body())
