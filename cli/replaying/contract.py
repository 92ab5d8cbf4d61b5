"""Holds every event against the contract before it leaves, and counts ids that come twice."""

import time

from schemas.codec import decode
from schemas.events import Event
from schemas.own_types import UnjudgedOwnTypes

_OWN_TYPES = UnjudgedOwnTypes()


def judge(raw: bytes) -> Event:
    """Return the event as the gateway would read it now; raises InvalidEvent.

    Which types the house has registered, and what their data hold, only the gateway knows.
    """
    return decode(raw, now_us=time.time_ns() // 1_000, own_types=_OWN_TYPES)


class CountingJudge:
    """Judges events and counts those whose id an earlier one has: they would add nothing."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()
        self.repeated_ids = 0

    def __call__(self, raw: bytes) -> Event:
        """Judge one event."""
        event = judge(raw)
        identity = (event.source, event.id)
        if identity in self._seen:
            self.repeated_ids += 1
        self._seen.add(identity)
        return event
