"""When a webhook is tried again: soon at first, then ever more rarely, for three days. Pure."""

from datetime import timedelta

FIRST_SECONDS, FACTOR, LONGEST_SECONDS = 5.0, 3.0, 12 * 3600.0
MOST_ATTEMPTS = 15
"""The pauses between them add up to 3.07 days."""
JITTER = 0.2
"""Receivers that failed together are not tried again together."""


def pause_after(
    attempts: int, *, chance: float, asked_for: float | None = None
) -> timedelta | None:
    """Return how long to wait after so many failed attempts, None where it was the last.

    `chance` is drawn from 0 to 1; `asked_for` are the seconds that the receiver asks for.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    seconds = min(FIRST_SECONDS * FACTOR ** (attempts - 1), LONGEST_SECONDS)
    wanted = min(asked_for or 0.0, LONGEST_SECONDS)
    return timedelta(seconds=max(seconds * (1 - JITTER + 2 * JITTER * chance), wanted))
