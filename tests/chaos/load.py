"""Seeded load through both doors; whoever sends an event sends it again until it is accepted."""

import threading
import time
from collections.abc import Callable, Sequence

from schemas.catalog import INBOX
from tests.chaos.company import Company
from tests.chaos.doors import Gateway, Log
from tests.chaos.ledger import Ledger

BLOCK = 50
SHARES = {"gateway": 0.75, "inbox": 0.25}
PATIENCE_SECONDS = 90


class Load:
    """Two senders, one for each door; `pause` lets both finish what they have begun."""

    def __init__(
        self, company: Company, ledger: Ledger, gateway: Gateway, log: Log, per_second: float
    ) -> None:
        self.company = company
        self.ledger = ledger
        self._gateway, self._log = gateway, log
        self._per_second = per_second
        self._next = 0
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._flowing = threading.Event()
        self._idle = {name: threading.Event() for name in SHARES}
        self._threads: list[threading.Thread] = []
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Begin to send."""
        self._flowing.set()
        doors = {"gateway": self._through_gateway, "inbox": self._through_inbox}
        for name, door in doors.items():
            thread = threading.Thread(target=self._send, args=(name, door), name=name)
            self._threads.append(thread)
            thread.start()

    def pause(self) -> None:
        """Send no more; return once everything that was begun is accepted."""
        self._flowing.clear()
        for name, idle in self._idle.items():
            if not idle.wait(PATIENCE_SECONDS):
                raise AssertionError(f"The {name} has not accepted what it was sent.")
        if self.failure is not None:
            raise self.failure

    def resume(self) -> None:
        """Go on sending."""
        for idle in self._idle.values():
            idle.clear()
        self._flowing.set()

    def next_numbers(self, count: int) -> range:
        """Return numbers of events that nobody sends but who asked for them."""
        with self._lock:
            first, self._next = self._next, self._next + count
        return range(first, first + count)

    def close(self) -> None:
        """End the senders."""
        self._ending.set()
        self._flowing.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    def _send(self, name: str, door: Callable[[Sequence[int]], None]) -> None:
        try:
            self._send_on_and_on(name, door)
        except BaseException as failure:  # told to whoever waits for the load
            self.failure = failure
            raise
        finally:
            self._idle[name].set()

    def _send_on_and_on(self, name: str, door: Callable[[Sequence[int]], None]) -> None:
        seconds = BLOCK / (self._per_second * SHARES[name])
        due = time.monotonic()
        while not self._ending.is_set():
            if not self._flowing.is_set():
                self._idle[name].set()
                self._flowing.wait()
                continue
            door(self.next_numbers(BLOCK))
            # What was missed during a fault is not made up for: it would be another load.
            due = max(due + seconds, time.monotonic() - 1)
            self._ending.wait(max(0.0, due - time.monotonic()))

    def _through_gateway(self, numbers: Sequence[int]) -> None:
        self._until_accepted(
            "gateway", numbers, lambda left: self._gateway.take([*map(self.company.event, left)])
        )

    def _through_inbox(self, numbers: Sequence[int]) -> None:
        self._until_accepted(
            "inbox",
            numbers,
            lambda left: self._log.append(INBOX.name, [*map(self.company.encoded, left)]),
        )

    def _until_accepted(
        self, door: str, numbers: Sequence[int], take: Callable[[Sequence[int]], Sequence[int]]
    ) -> None:
        left = list(numbers)
        while left and not self._ending.is_set():
            positions = set(take(left))
            self.ledger.accept(door, [left[position] for position in sorted(positions)])
            left = [number for position, number in enumerate(left) if position not in positions]
            if left:
                self._ending.wait(0.2)
