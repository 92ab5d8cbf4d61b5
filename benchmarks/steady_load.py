"""Sends events through the gateway at a steady rate, from a process of its own.

`running_load` starts it; `python -m benchmarks.steady_load URL RATE SOURCE` is it. What is late is
sent as soon as may be, and what was reached is told: a rate that the machine cannot carry shows.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from benchmarks.gateway_load import GatewayClient, request_with

BATCH = 250
CLIENTS = 8
ACCOUNTS = 20_000
TOUCHED = 2
"""Experiments whose reading an event changes, on average."""
NUMBER = "%%NUMBER"
"""Stands in a prepared request for what is put in its place: eight digits that make ids new."""


class Reached(msgspec.Struct, frozen=True):
    """What a load came to: events accepted and put off, in seconds; the CPU seconds it took."""

    accepted: int
    put_off: int
    seconds: float
    cpu_seconds: float


class Requests(NamedTuple):
    """Bodies: the exposures, sent first and once; a page view of every account, round and round."""

    once: Sequence[bytes]
    again: Sequence[bytes]


class RunningLoad:
    """A load that runs until it is stopped."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        """Take its process."""
        self._process = process
        self.reached: Reached | None = None

    def stop(self) -> Reached:
        """End it and return what it came to."""
        if self.reached is None:
            told, _ = self._process.communicate("", timeout=60)
            self.reached = msgspec.json.decode(told, type=Reached)
        return self.reached


@contextmanager
def running_load(
    url: str, token: str, rate: int, *, source: str, experiments: Sequence[str]
) -> Iterator[RunningLoad]:
    """Send `rate` events a second, of accounts some of which are exposed, for a block."""
    command = [sys.executable, "-m", "benchmarks.steady_load", url, str(rate), source, *experiments]
    process = subprocess.Popen(
        command,
        env=os.environ | {"ROUNDTABLE_TOKEN": token},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    load = RunningLoad(process)
    try:
        yield load
    finally:
        load.stop()


def main() -> None:
    url, rate, source, *experiments = sys.argv[1:]
    sender = _Sender(int(rate), _requests(source, experiments), os.environ["ROUNDTABLE_TOKEN"])
    reached = asyncio.run(_send(url, sender))
    sys.stdout.write(msgspec.json.encode(reached).decode())


def exposed_accounts(experiments: int) -> int:
    """How many accounts the load exposes, each in every experiment."""
    return ACCOUNTS * TOUCHED // experiments


def _requests(source: str, experiments: Sequence[str]) -> Requests:
    now = datetime.now(UTC).isoformat()
    exposures = [
        _exposure(source, number, now, key)
        for key in experiments
        for number in range(exposed_accounts(len(experiments)))
    ]
    views = [_view(source, number, now) for number in range(ACCOUNTS)]
    return Requests(_bodies(exposures), _bodies(views))


def _bodies(events: Sequence[object]) -> Sequence[bytes]:
    starts = range(0, len(events), BATCH)
    return [msgspec.json.encode(events[start : start + BATCH]) for start in starts]


def _view(source: str, number: int, now: str) -> dict[str, object]:
    # Neighbours in a batch are different accounts: 7,919 is prime, so every account comes once.
    account = number * 7_919 % ACCOUNTS
    return {
        "specversion": "1.0",
        "id": f"{NUMBER}-{number}",
        "source": source,
        "type": "engagement.page.viewed",
        "time": now,
        "account": f"{source}-{account}.example",
        "contact": f"{source}-{account}-{number % 3}",
        "campaign": "spring",
        "channel": "email",
        "data": {"url": "https://example.com/guide", "title": "Guide"},
    }


def _exposure(source: str, number: int, now: str, key: str) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": f"{NUMBER}-{key}-{number}",
        "source": source,
        "type": "experiment.exposure",
        "time": now,
        "account": f"{source}-{number}.example",
        "data": {"experiment": key, "variant": "ab"[number % 2]},
    }


async def _send(url: str, sender: "_Sender") -> Reached:
    port = urlsplit(url).port or 80
    told = asyncio.create_task(asyncio.to_thread(sys.stdin.read))  # it ends when we are to end
    clients = [await GatewayClient.connected(port) for _ in range(CLIENTS)]
    sending = [asyncio.create_task(sender.send(client)) for client in clients]
    await asyncio.wait([told, *sending], return_when=asyncio.FIRST_COMPLETED)
    sender.is_over = True
    await asyncio.gather(*sending)
    return sender.reached()


class _Sender:
    """Hands the requests out: the exposures at once, then each page view when it is due."""

    def __init__(self, rate: int, requests: Requests, token: str) -> None:
        self._per_request = BATCH / rate
        self._requests = requests
        self._token = token
        self._numbers = iter(range(10**8))
        self._began: float | None = None
        self._accepted = self._put_off = 0
        self.is_over = False

    async def send(self, client: GatewayClient) -> None:
        while not self.is_over:
            number = next(self._numbers)
            place = number - len(self._requests.once)
            if place < 0:
                await client.send(self._numbered(self._requests.once[number], number))
            else:
                await self._send_when_due(client, number, place)

    async def _send_when_due(self, client: GatewayClient, number: int, place: int) -> None:
        self._began = self._began or time.perf_counter()
        due = self._began + place * self._per_request
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        body = self._requests.again[place % len(self._requests.again)]
        status = await client.send(self._numbered(body, number))
        self._accepted += BATCH * (status == 202)
        self._put_off += BATCH * (status in {429, 503})

    def _numbered(self, body: bytes, number: int) -> bytes:
        return request_with(body.replace(NUMBER.encode(), b"%08d" % number), self._token)

    def reached(self) -> Reached:
        now = time.perf_counter()
        seconds = now - (self._began or now)
        return Reached(self._accepted, self._put_off, seconds, time.process_time())


if __name__ == "__main__":
    main()
