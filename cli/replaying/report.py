"""What a replay says at its end, and whether everything was taken."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from cli.replaying.rows import RefusedRow

ROWS_SHOWN = 20


@dataclass(frozen=True)
class Report:
    """The figures of one replay; `accepted` is None where nothing was sent."""

    rows: int
    refused_rows: Mapping[str, int]
    events: int
    accepted: int | None = None
    refused_events: Mapping[str, int] = field(default_factory=dict)
    repeated_ids: int = 0
    continued_from: int = 0

    @property
    def is_complete(self) -> bool:
        """Tell whether every row gave events and every event was taken."""
        return not self.refused_rows and not self.refused_events and not self.repeated_ids


class FirstRefused:
    """Keeps the first refused rows to show them."""

    def __init__(self) -> None:
        self.rows: list[RefusedRow] = []

    def note(self, row: RefusedRow) -> None:
        """Remember the row if there is room."""
        if len(self.rows) < ROWS_SHOWN:
            self.rows.append(row)


def print_report(console: Console, report: Report) -> None:
    """Print the figures, one line each, with the reasons below what was refused."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column()
    _line(table, report.rows, "rows read")
    _reasons(table, report.refused_rows, "rows refused")
    _line(table, report.events, "events made" if report.accepted is None else "events sent")
    if report.repeated_ids:
        _line(table, report.repeated_ids, "events with an id that an earlier row has: not counted")
    if report.continued_from:
        _line(table, report.continued_from, "  of them by an earlier run")
    if report.accepted is not None:
        _line(table, report.accepted, "events accepted")
        _reasons(table, report.refused_events, "events refused by the gateway")
    console.print(table)


def print_refused_rows(console: Console, rows: list[RefusedRow], total: int) -> None:
    """Print the rows that were kept, and how to get the others."""
    for row in rows:
        detail = f" ({row.detail})" if row.detail else ""
        console.print(f"row {row.row}: {row.reason}{detail}", markup=False)
    if total > len(rows):
        left = total - len(rows)
        console.print(f"... and {left:,} more; --refused FILE writes all of them.", markup=False)


def _reasons(table: Table, counts: Mapping[str, int], words: str) -> None:
    _line(table, sum(counts.values()), words)
    for reason, count in Counter(counts).most_common():
        _line(table, count, f"  {reason}")


def _line(table: Table, count: int, words: str) -> None:
    table.add_row(f"{count:,}", words.replace("[", r"\["))
