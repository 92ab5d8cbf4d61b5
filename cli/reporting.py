"""How commands speak to the person who started them: plain lines on standard error or nowhere."""

from collections.abc import Callable

import msgspec
from rich.console import Console

# Standard error, so that `--json` output on standard output stays clean.
CONSOLE = Console(stderr=True, highlight=False, soft_wrap=True)

Report = Callable[[str], None]


def silent(_: str) -> None:
    """Say nothing: for tests and for callers that report in their own way."""


def to_console(line: str) -> None:
    """Print one line as it is."""
    CONSOLE.print(line, markup=False)


def print_json(value: object) -> None:
    """Print a value as JSON on standard output, for programs."""
    text = msgspec.json.format(msgspec.json.encode(value)).decode()
    Console(soft_wrap=True, highlight=False).print(text, markup=False)
