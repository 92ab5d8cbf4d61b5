"""What an agent tells of each batch while it works on it: a few calls a batch, never one per event.

Whoever watches must not fail and must not wait: the batch goes on whatever is made of it.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from storage.dead_letters import Refused
from stream_processors.batches import Batch


class BatchWatch(Protocol):
    """Is told of one batch, from its start to its end."""

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Note how long a part of the work takes; the transaction once per attempt."""

    def retried(self, cause: Exception) -> None:
        """Note that the transaction is run again, and why."""

    def applied(self, *, accepted: int, duplicates: int, refused: Sequence[Refused]) -> None:
        """Note what the batch came to, once it is committed."""


class BatchObserver(Protocol):
    """Is told of every batch; what leaves the block as an exception is how the batch ended."""

    def watch(self, batch: Batch) -> AbstractContextManager[BatchWatch]:
        """Watch over one batch for the length of a block."""


class _Unwatched:
    def stage(self, name: str) -> AbstractContextManager[None]:  # noqa: ARG002
        return nullcontext()

    def retried(self, cause: Exception) -> None:
        """Let it pass."""

    def applied(self, *, accepted: int, duplicates: int, refused: Sequence[Refused]) -> None:
        """Let it pass."""


class Unobserved:
    """The observer where nobody watches."""

    @contextmanager
    def watch(self, batch: Batch) -> Iterator[BatchWatch]:  # noqa: ARG002
        """Let the batch pass."""
        yield _Unwatched()
