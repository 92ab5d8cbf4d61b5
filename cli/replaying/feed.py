"""The events of a file in the order in which they are delivered: always the same for a choice."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from cli.replaying.mapping import Mapping
from cli.replaying.mapping_file import MappingError
from cli.replaying.row_events import RowEvents
from cli.replaying.rows import RefusedRow, Row, RowFile, RowRefusedError, UnreadableRow

OnRefused = Callable[[RefusedRow], None]


@dataclass(frozen=True)
class Choice:
    """Which events of the file, how often, in which order."""

    limit: int | None = None
    shuffle: int | None = None
    """The seed of the order; file order where absent."""
    repeat: int = 1
    """How often each event is sent; the second time adds nothing, which is what it is for."""


class Feed:
    """Reads rows as its events are asked for, and counts them."""

    def __init__(
        self,
        file: RowFile,
        row_events: RowEvents,
        choice: Choice,
        on_refused: OnRefused,
    ) -> None:
        self._file = file
        self._row_events = row_events
        self._choice = choice
        self._on_refused = on_refused
        self.rows_read = 0
        self.refused: Counter[str] = Counter()
        self._shuffled: int | None = None

    def events(self) -> Iterator[bytes]:
        """Yield every event that is to be delivered."""
        if self._choice.shuffle is None:
            return self._in_file_order()
        events = list(self._in_file_order())
        self._shuffled = len(events)
        random.Random(self._choice.shuffle).shuffle(events)  # noqa: S311 - an order, not a secret
        return iter(events)

    def fraction_read(self) -> float:
        """Return how much of the file was read, 0 to 1."""
        return self._file.fraction_read()

    def fraction_done(self, delivered: int) -> float:
        """Return how much is done when this many events were delivered, 0 to 1."""
        if self._shuffled is None:
            return self.fraction_read()
        return delivered / max(self._shuffled, 1)

    def _in_file_order(self) -> Iterator[bytes]:
        for row in islice(self._file.rows, self._choice.limit):
            self.rows_read += 1
            for event in self._events_of(row):
                for _ in range(self._choice.repeat):
                    yield event

    def _events_of(self, row: Row | UnreadableRow) -> list[bytes]:
        if isinstance(row, UnreadableRow):
            self._refuse(RefusedRow(row.number, row.reason, row.detail, {}))
            return []
        try:
            return self._row_events.of(row)
        except RowRefusedError as error:
            self._refuse(RefusedRow(row.number, error.reason, error.detail, row.cells))
            return []

    def _refuse(self, row: RefusedRow) -> None:
        self.refused[row.reason] += 1
        self._on_refused(row)


def check_columns(mapping: Mapping, file: RowFile) -> None:
    """Raise MappingError when the mapping reads a column that the file does not have."""
    missing = sorted(mapping.columns - set(file.columns))
    if missing:
        raise MappingError(
            f"The mapping reads {_quoted(missing)}, which the file does not have. "
            f"Its columns are {_quoted(file.columns)}."
        )


def _quoted(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(repr(name) for name in names) or "none"
