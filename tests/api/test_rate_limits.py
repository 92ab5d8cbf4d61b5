"""Buckets fill steadily, empty by requests, belong to one asker each, and are few."""

import pytest

from api.problems import ProblemError
from api.rate_limits import Rate, RateLimits

SLOW = Rate(per_second=0.5, at_once=2)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_as_many_as_allowed_at_once_and_then_as_the_bucket_fills() -> None:
    clock = Clock()
    limits = RateLimits(clock=clock)
    for _ in range(2):
        limits.take("ada", SLOW)

    with pytest.raises(ProblemError) as refused:
        limits.take("ada", SLOW)
    limits.take("bob", SLOW)
    clock.now += 2
    limits.take("ada", SLOW)

    assert refused.value.kind.status == 429
    assert refused.value.headers == {"Retry-After": "2"}
    with pytest.raises(ProblemError):
        limits.take("ada", SLOW)


def test_a_rest_fills_the_bucket_and_never_more() -> None:
    clock = Clock()
    limits = RateLimits(clock=clock)
    limits.take("ada", SLOW)
    clock.now += 1_000_000

    for _ in range(2):
        limits.take("ada", SLOW)
    with pytest.raises(ProblemError):
        limits.take("ada", SLOW)


def test_to_require_counts_nothing() -> None:
    limits = RateLimits(clock=Clock())
    for _ in range(100):
        limits.require("ada", SLOW)

    for _ in range(2):
        limits.take("ada", SLOW)
    with pytest.raises(ProblemError):
        limits.require("ada", SLOW)


def test_memory_is_bounded_and_those_used_lately_are_remembered() -> None:
    limits = RateLimits(most=3, clock=Clock())
    for _ in range(2):
        limits.take("ada", SLOW)
    for number in range(1_000):
        limits.take(f"stranger {number}", SLOW)
        if number % 2:
            with pytest.raises(ProblemError):
                limits.take("ada", SLOW)

    assert len(limits) == 3
