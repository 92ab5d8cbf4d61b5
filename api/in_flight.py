"""Counts the bytes that requests and unacknowledged records hold, so that memory stays bounded."""

from collections.abc import Iterator
from contextlib import contextmanager

SMALLEST_REQUEST = 16 * 1024
"""What a request costs however small its body is: its objects, its task, its connection."""


class FullError(Exception):
    """As many bytes are in flight as may be."""


class InFlight:
    """Bytes held at the moment, and their limit."""

    def __init__(self, limit: int) -> None:
        """Take the limit in bytes."""
        self.limit = limit
        self.held = 0

    @contextmanager
    def request(self, size: int) -> Iterator[None]:
        """Hold the bytes of a request for the length of a block. Raises FullError."""
        size = max(size, SMALLEST_REQUEST)
        if self.held + size > self.limit:
            raise FullError
        self.held += size
        try:
            yield
        finally:
            self.held -= size

    def add(self, size: int) -> None:
        """Hold bytes of a request that was let in; they may outlast it."""
        self.held += size

    def remove(self, size: int) -> None:
        """Let go of bytes that were added."""
        self.held -= size
