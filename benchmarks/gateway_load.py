"""Sends requests that were made beforehand over a few connections, and measures what comes of it.

An HTTP library would take more of the machine than the gateway does; its own CPU time is measured.
"""

import asyncio
import itertools
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import psutil

WARM_UP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Load:
    """Requests of `batch` events for so many seconds, by so many clients at a time."""

    batch: int
    clients: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of it; CPU seconds by whose they are."""

    events: int
    seconds: float
    latencies: Sequence[float]
    cpu_seconds: Mapping[str, float]

    @property
    def per_second(self) -> float:
        """Events per second of wall time."""
        return self.events / self.seconds

    def cpu_per_thousand(self, whose: str) -> float:
        """CPU milliseconds that a thousand events took."""
        return self.cpu_seconds[whose] / self.events * 1e6

    def latency(self, percent: int) -> float:
        """The percentile of the latencies in milliseconds."""
        return statistics.quantiles(self.latencies, n=100, method="inclusive")[percent - 1] * 1e3


def request_of(events: object, token: str) -> bytes:
    """One request with these events, or with one, head and body."""
    return request_with(msgspec.json.encode(events), token)


def request_with(body: bytes, token: str) -> bytes:
    """One request with this body."""
    head = (
        "POST /v1/events HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class GatewayClient:
    """One connection to the gateway."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take both ends; `connected` opens them."""
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connected(cls, port: int) -> "GatewayClient":
        """Open a connection."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, request: bytes) -> int:
        """Send a request, read the answer to its end and return its status."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await self._reader.readexactly(length)
        return int(head[9:12])

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


async def measure(
    port: int, load: Load, requests: Sequence[bytes], processes: Mapping[str, Sequence[int]]
) -> Measured:
    """Send the requests round and round; look at the CPU time of the processes, named by role."""
    rounds = itertools.cycle(requests)
    clients = [await GatewayClient.connected(port) for _ in range(load.clients)]
    await _send_all(clients, rounds, WARM_UP_SECONDS)
    cpu = _cpu(processes)
    began = time.perf_counter()
    latencies = await _send_all(clients, rounds, load.seconds)
    seconds = time.perf_counter() - began
    taken = {role: after - cpu[role] for role, after in _cpu(processes).items()}
    for client in clients:
        client.close()
    return Measured(len(latencies) * load.batch, seconds, latencies, taken)


async def _send_all(
    clients: Sequence[GatewayClient], requests: Iterator[bytes], seconds: float
) -> list[float]:
    end = time.perf_counter() + seconds
    latencies: list[float] = []

    async def send(client: GatewayClient) -> None:
        while (began := time.perf_counter()) < end:
            status = await client.send(next(requests))
            assert status == 202, status
            latencies.append(time.perf_counter() - began)

    await asyncio.gather(*(send(client) for client in clients))
    return latencies


def _cpu(processes: Mapping[str, Sequence[int]]) -> dict[str, float]:
    own = sum(psutil.Process().cpu_times()[:2])
    found = {
        role: sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)
        for role, pids in processes.items()
    }
    return {**found, "generator": own}


async def until_taken(port: int, request: bytes, *, seconds: float = 60) -> None:
    """Wait until the gateway takes a request again and again, whichever process is asked."""
    end = time.monotonic() + seconds
    while not await _takes(port, request):
        if time.monotonic() > end:
            raise SystemExit(f"The gateway took no event within {seconds:.0f} seconds.")
        await asyncio.sleep(0.2)


async def _takes(port: int, request: bytes) -> bool:
    try:
        for _ in range(20):
            client = await GatewayClient.connected(port)
            taken = await client.send(request) == 202
            client.close()
            if not taken:
                return False
    except (ConnectionError, asyncio.IncompleteReadError):
        return False
    return True
