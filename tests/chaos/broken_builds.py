"""Workers with one promise taken out, to see that a run notices: patches, no switches."""

from collections.abc import Callable, Mapping

BUILDS: Mapping[str, Callable[[], None]] = {}


def apply(name: str) -> None:
    """Break this process in the way that the name says; not at all for an empty one."""
    if name:
        BUILDS[name]()
