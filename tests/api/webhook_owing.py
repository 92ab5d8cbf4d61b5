"""Webhooks with insights that are owed to them, and processes that deliver, for tests."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import AsyncConnection

from api.database import Database
from api.webhook_addresses import Addresses
from api.webhook_delivery import WebhookDelivery
from api.webhook_secrets import Vault
from api.webhook_sender import Sender
from schemas.insight_sentences import experiment_started
from schemas.insights import Happening
from storage.outbox import record
from storage.pool import Connection
from storage.webhooks import Wanted, add_secret, add_webhook

SECRET = b"the-secret-of-the-tests"
EVERYTHING = Wanted(kinds=(), experiments=(), note="")


@dataclass(frozen=True)
class Owing:
    """A database in which webhooks are owed insights."""

    database: str

    def webhook(self, url: str, *, wanted: Wanted = EVERYTHING, vault: Vault | None = None) -> UUID:
        """Register a webhook."""
        hook = uuid4()

        async def register(connection: Connection) -> None:
            at = datetime.now(UTC)
            await add_webhook(connection, hook, url, wanted, created_by=None, at=at)
            await add_secret(connection, (vault or Vault(())).seal(hook, SECRET), at=at)

        self._do(register)
        return hook

    def happen(self, *happenings: Happening) -> list[str]:
        """Record what happened; return the ids of the insights."""
        ids: list[str] = []

        async def record_all(connection: Connection) -> None:
            at = datetime.now(UTC)
            ids.extend([(await record(connection, each, at=at)).id for each in happenings])

        self._do(record_all)
        return ids

    def start(self, count: int = 1) -> list[str]:
        """Let so many experiments begin; return the ids of the insights."""
        keys = [f"experiment-{number}" for number in range(count)]
        return self.happen(*(experiment_started(key, key) for key in keys))

    def deliver_until(
        self,
        holds: Callable[[], bool],
        *,
        processes: int = 1,
        seconds: float = 10.0,
        request_seconds: float = 0.8,
    ) -> None:
        """Deliver, as so many processes would, until something holds; fail where it never does."""

        async def both() -> None:
            jobs = [
                asyncio.create_task(deliver(self.database, seconds=request_seconds))
                for _ in range(processes)
            ]
            try:
                async with asyncio.timeout(seconds):
                    while not holds():
                        assert not any(job.done() for job in jobs)
                        await asyncio.sleep(0.01)
            finally:
                for job in jobs:
                    job.cancel()
                await asyncio.wait(jobs)

        asyncio.run(both())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database holds."""
        with psycopg.connect(self.database) as connection:
            return connection.execute(query).fetchall()

    def states(self) -> list[str]:
        """Where every delivery stands, the oldest first."""
        found = self.rows("SELECT state FROM webhook_deliveries ORDER BY id")
        return [row[0] for row in found]

    def outcomes(self) -> list[str]:
        """How every try ended, in their order."""
        return [row[0] for row in self.rows("SELECT outcome FROM webhook_attempts ORDER BY number")]

    def insights(self, kind: str) -> list[dict[str, Any]]:
        """The data of every insight of a kind."""
        found = self.rows(f"SELECT body FROM insights WHERE kind = '{kind}' ORDER BY number")
        return [json.loads(row[0])["data"] for row in found]

    def _do(self, work: Callable[[Connection], Awaitable[None]]) -> None:
        async def run() -> None:
            async with await AsyncConnection.connect(self.database) as connection:
                await work(connection)

        asyncio.run(run())


async def deliver(conninfo: str, *, seconds: float = 0.8) -> None:
    """Deliver as one process of the API does, until cancelled."""
    database = Database(conninfo, connections=4)
    async with Sender(Addresses(is_private_allowed=True), total_seconds=seconds) as sender:
        delivery = WebhookDelivery(database, sender, Vault(()))
        await asyncio.gather(database.run(), delivery.run())
