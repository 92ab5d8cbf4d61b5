"""Remembers for a few seconds what PostgreSQL said of a secret, so that requests do not ask each.

What is revoked stops working within `SECONDS` in every process.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from api.database import DatabaseUnreachableError
from storage.pool import UNREACHABLE

SECONDS = 5.0
MOST = 10_000


class Ending(Protocol):
    """Something that ends by itself."""

    @property
    def expires_at(self) -> datetime:
        """When it ends."""


Found = TypeVar("Found", bound=Ending)


@dataclass(frozen=True, slots=True)
class _Known(Generic[Found]):
    found: Found
    checked_at: float
    ask_again_at: float


class Verified(Generic[Found]):
    """Answers by hash of a secret. Its memory is bounded; what is pushed out is asked again."""

    def __init__(
        self, ask: Callable[[bytes], Awaitable[Found | None]], *, outage_seconds: float = 0.0
    ) -> None:
        """Take who knows, and how long an answer holds while they cannot be asked."""
        self._ask = ask
        self._outage_seconds = outage_seconds
        self._known: OrderedDict[bytes, _Known[Found]] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[Found | None]] = {}

    async def of(self, secret_hash: bytes) -> Found | None:
        """Return what is known, None where the secret is in force no more or never was."""
        known = self._known.get(secret_hash)
        if known is not None and time.monotonic() < known.ask_again_at:
            found: Found | None = known.found
        else:
            found = await self._asked_once(secret_hash)
        return None if found is None or found.expires_at <= datetime.now(UTC) else found

    def knows(self, secret_hash: bytes) -> bool:
        """Tell whether this secret was in force not long ago."""
        return secret_hash in self._known

    def forget(self) -> None:
        """Ask about everything again: something was revoked or changed."""
        self._known.clear()
        # An answer that is under way may be older than the change.
        self._asking.clear()

    async def _asked_once(self, secret_hash: bytes) -> Found | None:
        """Let requests with one secret that come together wait for one answer."""
        task = self._asking.get(secret_hash)
        if task is None:
            task = asyncio.create_task(self._asked(secret_hash))
            self._asking[secret_hash] = task
            task.add_done_callback(lambda done: self._answered(secret_hash, done))
        # Shielded: a client that goes away does not take the answer from the others.
        return await asyncio.shield(task)

    async def _asked(self, secret_hash: bytes) -> Found | None:
        try:
            return await self._ask(secret_hash)
        except (DatabaseUnreachableError, *UNREACHABLE):
            known = self._known.get(secret_hash)
            if known is None or time.monotonic() > known.checked_at + self._outage_seconds:
                raise
            self._known[secret_hash] = _Known(
                known.found, known.checked_at, time.monotonic() + SECONDS
            )
            return known.found

    def _answered(self, secret_hash: bytes, task: asyncio.Task[Found | None]) -> None:
        if self._asking.get(secret_hash) is not task:
            return  # forgotten meanwhile
        del self._asking[secret_hash]
        if task.cancelled() or task.exception() is not None:
            return
        found = task.result()
        if found is None:
            self._known.pop(secret_hash, None)
        else:
            self._remember(secret_hash, found)

    def _remember(self, secret_hash: bytes, found: Found) -> None:
        now = time.monotonic()
        known = self._known.get(secret_hash)
        if known is None or now >= known.ask_again_at:
            self._known[secret_hash] = _Known(found, now, now + SECONDS)
        self._known.move_to_end(secret_hash)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
