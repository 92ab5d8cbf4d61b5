"""What a verification found, as metrics in a file for the node exporter's textfile collector.

Written only where everything could be looked at: a run that failed leaves the file as it was, so
that its age tells.
"""

from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from cli.stack_error import StackError
from storage.verification import Verification


class VerifyMetrics:
    """One of each, in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Take where they are registered."""
        self._registry = registry
        self._last_run = Gauge(
            "roundtable_verify_last_run_timestamp_seconds",
            "The moment of the database that the last whole verification looked at.",
            registry=registry,
        )
        self._differences = Gauge(
            "roundtable_verify_differences",
            "Values that differed from their recomputation then.",
            registry=registry,
        )

    def write(self, found: Verification, path: Path) -> None:
        """Put the file in its place in one step. Raises StackError."""
        self._last_run.set(found.at.timestamp())
        self._differences.set(sum(found.counts.values()))
        try:
            write_to_textfile(str(path), self._registry)
        except OSError as error:
            raise StackError(f"{path} cannot be written: {error.strerror}.") from error
