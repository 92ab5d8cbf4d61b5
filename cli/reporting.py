"""How commands speak: results on standard output, what is going on on standard error."""

from collections.abc import Callable

import msgspec
from rich.console import Console
from rich.table import Column

CONSOLE = Console(stderr=True, highlight=False, soft_wrap=True)
OUTPUT = Console(highlight=False, soft_wrap=True)
SCREEN = Console(highlight=False)
"""For what is drawn anew in place: its lines have to fit the width."""

Report = Callable[[str], None]


def silent(_: str) -> None:
    """Say nothing: for tests and for callers that report in their own way."""


def to_console(line: str) -> None:
    """Print one line as it is."""
    CONSOLE.print(line, markup=False)


def id_column() -> Column:
    """Return a new column of a table, whose cells are copied and so never cut."""
    return Column("id", no_wrap=True)


def print_json(value: object) -> None:
    """Print a value as JSON on standard output, for programs."""
    text = msgspec.json.format(msgspec.json.encode(value)).decode()
    OUTPUT.print(text, markup=False)
