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
from psycopg.types.json import Jsonb

from api.database import Database
from api.webhook_addresses import Addresses
from api.webhook_delivery import WebhookDelivery
from api.webhook_secrets import Vault
from api.webhook_sender import Sender
from schemas.insight_sentences import experiment_started
from schemas.insights import Happening
from schemas.people import PersonDraft
from schemas.resources import ExperimentDraft
from schemas.tokens import TokenDraft
from storage.outbox import record
from storage.people import add_person
from storage.pool import Connection
from storage.tokens import add_token
from storage.webhooks import Wanted, add_secret, add_webhook
from tests.api.house import person
from tests.api.resources import experiment

SECRET = b"the-secret-of-the-tests"
EVERYTHING = Wanted(kinds=(), experiments=(), note="")


@dataclass(frozen=True)
class Owing:
    """A database in which webhooks are owed insights."""

    database: str

    def webhook(
        self,
        url: str,
        *,
        wanted: Wanted = EVERYTHING,
        vault: Vault | None = None,
        owner: str | None = None,
    ) -> UUID:
        """Register a webhook, of the deployment unless a person or a token owns it."""
        hook = uuid4()

        async def register(connection: Connection) -> None:
            at = datetime.now(UTC)
            await add_webhook(connection, hook, url, wanted, created_by=owner, at=at)
            await add_secret(connection, (vault or Vault(())).seal(hook, SECRET), at=at)

        self._do(register)
        return hook

    def experiment(self, key: str, **changes: Any) -> None:
        """Register an experiment that runs, past the API."""
        draft = ExperimentDraft.model_validate(experiment(key, **changes))
        with psycopg.connect(self.database) as connection:
            connection.execute(
                "INSERT INTO experiments (key, body, status, epoch, created_at, owner, team, "
                "starts_at, registered_at) "
                "VALUES (%s, %s, 'registered', 1, now(), %s, %s, %s, now())",
                (
                    *(draft.key, Jsonb(draft.model_dump(mode="json"))),
                    *(draft.owner, draft.team, draft.starts_at),
                ),
            )

    def person(self, name: str, *roles: str, **changes: Any) -> str:
        """Add a person, past the API; return the id."""
        draft = PersonDraft.model_validate(person(name, *roles, **changes))
        person_id = f"p-{uuid4().hex[:16]}"

        async def add(connection: Connection) -> None:
            at = datetime.now(UTC)
            await add_person(connection, person_id, draft, person_id.encode(), at=at, by=None)

        self._do(add)
        return person_id

    def token(self, *scopes: str) -> str:
        """Make a token, past the API; return its id."""
        draft = TokenDraft.model_validate({"name": "A machine", "scopes": scopes})
        token_id = f"t-{uuid4().hex[:16]}"

        async def add(connection: Connection) -> None:
            at = datetime.now(UTC)
            await add_token(connection, token_id, token_id.encode(), draft, at=at, by=None)

        self._do(add)
        return token_id

    def do(self, statement: str) -> None:
        """Change what is stored, past the API."""
        with psycopg.connect(self.database) as connection:
            connection.execute(statement.encode())

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
