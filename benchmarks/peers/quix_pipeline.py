"""The throughput benchmark's job by Quix Streams, at least once with what comes twice left out.

    PEER_STATE=rocksdb  units in its own state store, which a changelog topic makes durable; or
    PEER_STATE=postgres units in PostgreSQL, loaded and stored by the sink once per checkpoint.

Needs its own environment; the project is not in it. In its favour beside what `pipeline_job` and
`pipeline_tables` say: bytes go through undecoded by the framework and are decoded by msgspec; the
state is msgpack in bytes, not its JSON; a checkpoint every PEER_COMMIT_SECONDS, five by default as
the framework's, where ours are durable several times a second. PEER_CHANGELOG=off also leaves the
changelog out: then the state survives no lost disk and no crash between two steps of a checkpoint.
"""

import os
from typing import Any

from pipeline_job import (
    Attribution,
    Cell,
    Change,
    Settings,
    add_up,
    decode_event,
    decode_units,
    encode_units,
)
from pipeline_tables import Tables, line
from quixstreams import Application, State
from quixstreams.sinks import BaseSink

COMMIT_SECONDS = "5"
UNITS = b"units"


class Sink(BaseSink):  # type: ignore[misc]
    """Collects what a checkpoint writes in one transaction; offsets that were written pass by."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(on_client_connect_success=lambda: None)
        self._settings = settings
        self._next: dict[int, int] = {}

    def setup(self) -> None:
        """Connect, and see where an earlier run has come to."""
        self._tables = Tables(self._settings.database)
        self._applied = self._tables.next_offsets()

    def add(self, value: Any, partition: int, offset: int, **_: Any) -> None:
        """Take one processed record."""
        if offset >= self._applied.get(partition, 0):
            self.collect(value)
            self._next[partition] = offset + 1

    def flush(self) -> None:
        """Write what was collected; called before the offsets are committed."""
        if self._next:
            self.write(self._next)
            self._next = {}

    def collect(self, value: Any) -> None:
        """Keep one value that is to be written."""
        raise NotImplementedError

    def write(self, next_offsets: dict[int, int]) -> None:
        """Write and forget what was collected."""
        raise NotImplementedError


class SumsSink(Sink):
    """Takes rows of events with the changes of the sums that the stream worked out."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._lines: list[bytes] = []
        self._cells: dict[Cell, list[int]] = {}

    def collect(self, value: tuple[bytes, list[Change] | None]) -> None:
        """Keep one row and add its changes."""
        row, changes = value
        self._lines.append(row)
        if changes:
            add_up(self._cells, changes)

    def write(self, next_offsets: dict[int, int]) -> None:
        """Write rows, sums and offsets."""
        self._tables.write(self._lines, self._cells, next_offsets)
        self._lines, self._cells = [], {}


class EventSink(Sink):
    """Takes events as they came and does the whole job at a checkpoint."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._attribution = Attribution(settings)
        self._raws: list[bytes] = []

    def collect(self, value: bytes) -> None:
        """Keep one event."""
        self._raws.append(value)

    def write(self, next_offsets: dict[int, int]) -> None:
        """Apply the events."""
        self._tables.apply(self._attribution, self._raws, next_offsets)
        self._raws = []


def main() -> None:
    """Run until SIGTERM, which ends with a last checkpoint."""
    settings = Settings.from_env(os.environ)
    app = Application(
        broker_address=settings.kafka,
        consumer_group=settings.group,
        auto_offset_reset="earliest",
        commit_interval=float(os.environ.get("PEER_COMMIT_SECONDS", COMMIT_SECONDS)),
        state_dir=settings.state_dir,
        use_changelog_topics=os.environ.get("PEER_CHANGELOG") != "off",
        loglevel="WARNING",
    )
    topic = app.topic(settings.topic, key_deserializer="bytes", value_deserializer="bytes")
    stream = app.dataframe(topic)
    if os.environ.get("PEER_STATE") == "postgres":
        stream.sink(EventSink(settings))
    else:
        stream.apply(_step(Attribution(settings)), stateful=True).sink(SumsSink(settings))
    app.run()


def _step(attribution: Attribution) -> Any:
    def step(raw: bytes, state: State) -> tuple[bytes, list[Change] | None]:
        event = decode_event(raw)
        packed = state.get_bytes(UNITS)
        units = decode_units(packed) if packed is not None else []
        changes = attribution.fold(event, units)
        if changes is not None:
            state.set_bytes(UNITS, encode_units(units))
        return line(event, raw), changes

    return step


if __name__ == "__main__":
    main()
