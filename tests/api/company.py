"""A company whose events reach PostgreSQL as the worker would bring them, without a broker."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import httpx
from psycopg import AsyncConnection

from schemas.events import Event
from storage.pool import Connection
from tests.api.resources import experiment, metric
from tests.storage.stream import Log, build_all

DAY_US = 86_400_000_000
MARCH_2026_US = 1_772_323_200_000_000
"""2026-03-01 00:00 UTC, when the experiment of `resources` starts."""


@dataclass
class Company:
    """Registers by HTTP and delivers by batches."""

    client: httpx.Client
    database: str
    log: Log = field(default_factory=lambda: Log(partitions=1))

    def start(self, **changes: object) -> None:
        """Register the metric and the experiment, start it and build what is stored."""
        self.client.post("/v1/metrics", json=metric()).raise_for_status()
        self.start_registered(**changes)

    def start_registered(self, **changes: object) -> None:
        """Register and start the experiment alone: its metrics are there already."""
        self.client.post("/v1/experiments", json=experiment(**changes)).raise_for_status()
        self.client.post("/v1/experiments/spring-mail/start").raise_for_status()
        self._run(build_all)

    def deliver(self, events: Sequence[Event]) -> None:
        """Bring these events in at once: nobody may read, and keep, what is half of them."""

        async def one_batch(connection: Connection) -> None:
            await self.log.deliver(connection, events)

        self._run(one_batch)

    def build(self) -> None:
        """Count what is stored under the newest definition."""
        self._run(build_all)

    def results(self, **query: str) -> httpx.Response:
        """Read the experiment."""
        return self.client.get("/v1/experiments/spring-mail/results", params=query)

    def _run(self, body: Callable[[Connection], Awaitable[object]]) -> None:
        async def run() -> None:
            connect = AsyncConnection.connect(self.database, autocommit=True)
            async with await connect as connection:
                await body(connection)

        asyncio.run(run())


def exposure(number: int, variant: str, *, day: int = 0, account: str | None = None) -> Event:
    """An account meets a variant so many days after the start."""
    return Event(
        source="mail",
        id=f"exposure-{number}-{variant}",
        type="experiment.exposure",
        time_us=MARCH_2026_US + day * DAY_US,
        account=account or f"account-{number}.example",
        data={"experiment": "spring-mail", "variant": variant},
    )


def waiting(units: int = 5, *, first: int = 10_000) -> list[Event]:
    """So many units in each variant that were exposed today: a first step waits for them."""
    today = (int(time.time()) * 1_000_000 - MARCH_2026_US) // DAY_US
    return [
        exposure(first + number, variant, day=today)
        for number, variant in enumerate(("plain", "question") * units)
    ]


def download(number: int, *, day: int = 1) -> Event:
    """The same account downloads the guide."""
    return Event(
        source="web",
        id=f"download-{number}-{day}",
        type="engagement.content.downloaded",
        time_us=MARCH_2026_US + day * DAY_US,
        account=f"account-{number}.example",
    )


def history(units: int, downloads: dict[str, int]) -> list[Event]:
    """So many units in each variant, of which so many download the guide."""
    events: list[Event] = []
    for place, (variant, count) in enumerate(downloads.items()):
        numbers = range(place * units, (place + 1) * units)
        events += [exposure(number, variant) for number in numbers]
        events += [download(number) for number in numbers[:count]]
    return events
