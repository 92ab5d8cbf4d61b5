"""How old a reading is: from an event that the gateway accepted to the reading that holds it.

Against a running stack, beside a steady load through the same gateway that changes every reading
that is watched. Timed events are exposures of new accounts, in several experiments at once, at
random moments; each has to show in a reading on its experiment's stream.

    python -m benchmarks.freshness --url "$ROUNDTABLE_URL" --rate 10000

Exits with 1 where the median is 300 ms or more, the 99th percentile a second, or where the load
fell behind its rate by more than a twentieth.
"""

import argparse
import asyncio
import os
import random
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
import msgspec

from benchmarks.gateway_load import GatewayClient, request_of
from benchmarks.steady_load import Reached, exposed_accounts, running_load

MEDIAN_SECONDS = 0.3
SLOWEST_SECONDS = 1.0
WITHIN_RATE = 0.95
LONGEST_PAUSE = 0.4
"""Between a reading and the next event: at random, so that events fall at every moment between
two readings."""
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Timed:
    """One event: seconds from its post, and from its acceptance, to the reading that holds it."""

    from_post: float
    from_acceptance: float


@dataclass(frozen=True, slots=True)
class Stack:
    """Where the API is, and its token."""

    url: str
    token: str

    def client(self) -> httpx.AsyncClient:
        """Open a client that shows the token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.AsyncClient(
            base_url=self.url, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False
        )


class _Backfill(msgspec.Struct):
    complete: bool


class _Intake(msgspec.Struct):
    exposed_units: int


class _Reading(msgspec.Struct):
    backfill: _Backfill
    intake: _Intake


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default=os.environ.get("ROUNDTABLE_URL"))
    parser.add_argument("--token", default=os.environ.get("ROUNDTABLE_TOKEN"))
    parser.add_argument("--rate", type=int, default=10_000, help="other events a second")
    parser.add_argument("--events", type=int, default=300, help="events that are timed")
    parser.add_argument("--experiments", type=int, default=5, help="experiments that are watched")
    args = parser.parse_args()
    stack = Stack(args.url, args.token)
    source = f"bench-{time.time_ns()}"
    keys = asyncio.run(_start_experiments(stack, source, args.experiments))
    with running_load(stack.url, stack.token, args.rate, source=source, experiments=keys) as load:
        timed = asyncio.run(_time_all(stack, keys, args.events // args.experiments))
        reached = load.stop()
    _print(args.rate, reached, timed)


async def _start_experiments(stack: Stack, source: str, count: int) -> list[str]:
    async with stack.client() as client:
        (await client.post("/v1/metrics", json=_metric(source))).raise_for_status()
        keys = [f"{source}-{number}" for number in range(count)]
        for key in keys:
            drafted = await client.post("/v1/experiments", json=_experiment(key, source))
            drafted.raise_for_status()
            (await client.post(f"/v1/experiments/{key}/start")).raise_for_status()
    return keys


def _metric(key: str) -> dict[str, object]:
    return {
        "key": key,
        "name": key,
        "meaning": "Page views of the benchmark",
        "owner": "marketing",
        "kind": "count",
        "measure": {"filter": {"types": ["engagement.page.viewed"]}},
        "window": "P14D",
    }


def _experiment(key: str, metric: str) -> dict[str, object]:
    return {
        "key": key,
        "name": key,
        "hypothesis": "A reading follows its event within a second",
        "owner": "marketing",
        "variants": [{"key": "a", "control": True}, {"key": "b"}],
        "metrics": [{"metric": metric}],
        "starts_at": (datetime.now(UTC) - timedelta(days=1)).isoformat(),
        "planned_units": 100_000,
    }


async def _time_all(stack: Stack, keys: Sequence[str], events: int) -> list[Timed]:
    watched = [_time_one(stack, key, len(keys), events) for key in keys]
    return [timed for each in await asyncio.gather(*watched) for timed in each]


async def _time_one(stack: Stack, key: str, experiments: int, events: int) -> list[Timed]:
    """Expose one account after the other, from when the load's own exposures are all counted."""
    pauses = random.Random(key)
    gateway = await GatewayClient.connected(urlsplit(stack.url).port or 80)
    exposed = exposed_accounts(experiments)
    timed = []
    async with _watched(stack, key) as watch:
        await watch.until(exposed)
        for number in range(events):
            await asyncio.sleep(pauses.uniform(0, LONGEST_PAUSE))
            request = request_of(_exposure(key, number), stack.token)
            posted = time.perf_counter()
            status = await gateway.send(request)
            assert status == 202, status
            accepted = time.perf_counter()
            seen = await watch.until(exposed + number + 1)
            timed.append(Timed(seen - posted, max(0.0, seen - accepted)))
    gateway.close()
    return timed


class _Watch:
    """The exposed units of the newest reading of a stream, and when it came."""

    def __init__(self) -> None:
        self._units, self._came_at = -1, 0.0
        self._newer = asyncio.Condition()

    async def follow(self, client: httpx.AsyncClient, key: str) -> None:
        """Read the stream until cancelled."""
        async with client.stream("GET", f"/v1/experiments/{key}/stream") as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    came_at = time.perf_counter()
                    reading = msgspec.json.decode(line.removeprefix("data: "), type=_Reading)
                    if reading.backfill.complete:
                        await self._note(reading.intake.exposed_units, came_at)

    async def _note(self, units: int, came_at: float) -> None:
        async with self._newer:
            self._units, self._came_at = units, came_at
            self._newer.notify_all()

    async def until(self, units: int) -> float:
        """Wait for a reading with so many exposed units; return when it came."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._newer:
            await self._newer.wait_for(lambda: self._units >= units)
            return self._came_at


@asynccontextmanager
async def _watched(stack: Stack, key: str) -> AsyncIterator[_Watch]:
    watch = _Watch()
    async with stack.client() as client:
        following = asyncio.create_task(watch.follow(client, key))
        try:
            yield watch
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following


def _exposure(key: str, number: int) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": f"timed-{number}",
        "source": key,
        "type": "experiment.exposure",
        "time": datetime.now(UTC).isoformat(),
        "account": f"{key}-timed-{number}.example",
        "data": {"experiment": key, "variant": "a"},
    }


def _print(rate: int, reached: Reached, timed: Sequence[Timed]) -> None:
    achieved = reached.accepted / reached.seconds
    print(
        f"load of {rate:,} events/s: {achieved:,.0f} accepted a second "
        f"for {reached.seconds:.0f} s, {reached.put_off:,} put off (429 or 503), "
        f"{reached.cpu_seconds / reached.seconds:.0%} of a core to send them"
    )
    accepted = [each.from_acceptance for each in timed]
    for name, seconds in (
        ("accepted to reading", accepted),
        ("posted to reading", [each.from_post for each in timed]),
    ):
        p50, p95, p99 = (quantile(seconds, percent) for percent in (50, 95, 99))
        print(
            f"{name:<20} p50 {p50 * 1e3:>6,.0f} ms   p95 {p95 * 1e3:>6,.0f} ms   "
            f"p99 {p99 * 1e3:>6,.0f} ms   (of {len(seconds)})"
        )
    if quantile(accepted, 50) >= MEDIAN_SECONDS or quantile(accepted, 99) >= SLOWEST_SECONDS:
        raise SystemExit("Slower than promised: 300 ms for the median, a second for 99 of 100.")
    if achieved < WITHIN_RATE * rate:
        raise SystemExit("The machine did not carry the load that was asked for.")


def quantile(seconds: Sequence[float], percent: int) -> float:
    """The percentile, by linear interpolation."""
    return statistics.quantiles(seconds, n=100, method="inclusive")[percent - 1]


if __name__ == "__main__":
    main()
