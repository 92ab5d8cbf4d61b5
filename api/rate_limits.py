"""How many requests each asker may send: a bucket that fills steadily and empties by requests.

Per process, in bounded memory: the bucket used least lately is dropped, which fills it.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from api.problems import TOO_MANY_REQUESTS, ProblemError, retry_after

MOST_BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second in the long run, and at once."""

    per_second: float
    at_once: int


@dataclass(slots=True)
class _Bucket:
    left: float
    filled_at: float


class RateLimits:
    """One bucket per asker."""

    def __init__(
        self, *, most: int = MOST_BUCKETS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take how many askers are remembered, and the clock."""
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, asker: str, rate: Rate) -> None:
        """Count one request. Raises ProblemError (429) where it is one too many."""
        bucket = self._filled(asker, rate)
        if bucket.left < 1:
            raise _too_many((1 - bucket.left) / rate.per_second)
        bucket.left -= 1

    def require(self, asker: str, rate: Rate) -> None:
        """Raise as `take` would, without counting anything."""
        bucket = self._filled(asker, rate)
        if bucket.left < 1:
            raise _too_many((1 - bucket.left) / rate.per_second)

    def __len__(self) -> int:
        return len(self._buckets)

    def _filled(self, asker: str, rate: Rate) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(asker)
        if bucket is None:
            bucket = self._buckets[asker] = _Bucket(rate.at_once, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
            return bucket
        self._buckets.move_to_end(asker)
        grown = bucket.left + (now - bucket.filled_at) * rate.per_second
        bucket.left, bucket.filled_at = min(grown, rate.at_once), now
        return bucket


def _too_many(seconds: float) -> ProblemError:
    wait = max(1, math.ceil(seconds))
    return ProblemError(
        TOO_MANY_REQUESTS,
        f"Wait for {wait} seconds before the next request.",
        headers=retry_after(wait),
    )
