"""The stages of a piece of work, noted by whoever does them for whoever watches.

Where nobody watches a stage costs a look at one variable. One call for a batch or a step, never
one for an event.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

Watcher = Callable[[str], AbstractContextManager[None]]
"""Opens the block in which a stage of this name is done."""

_WATCHER: ContextVar[Watcher | None] = ContextVar("watcher of stages", default=None)
_UNWATCHED = nullcontext()


def stage(name: str) -> AbstractContextManager[None]:
    """Do a stage of the present work in a block."""
    watcher = _WATCHER.get()
    return _UNWATCHED if watcher is None else watcher(name)


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Let `watcher` be told of every stage within the block."""
    before = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(before)
