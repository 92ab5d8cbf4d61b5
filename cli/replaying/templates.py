"""Text with columns in braces, such as `customer-{row}`: parsed once, rendered per row."""

from collections.abc import Callable
from dataclasses import dataclass
from string import Formatter

from cli.replaying.rows import Row

ROW = "row"
"""The name in braces that stands for the number of the row, not for a column."""

Render = Callable[[Row], str]


class TemplateError(ValueError):
    """A template that cannot be read; the message says what is allowed."""


@dataclass(frozen=True)
class Template:
    """Literal pieces, each followed by the column (or `row`) that is put behind it."""

    pieces: tuple[tuple[str, str | None], ...]

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it reads."""
        return frozenset(name for _, name in self.pieces if name is not None and name != ROW)

    @property
    def constant(self) -> str | None:
        """The text that it gives for every row, None where it names a column."""
        if any(name is not None for _, name in self.pieces):
            return None
        return "".join(literal for literal, _ in self.pieces)

    def compile(self) -> Render:
        """Return the function that renders it for a row; empty where a column that it names is."""
        if self.constant is not None:
            constant = self.constant
            return lambda _row: constant
        if len(self.pieces) == 1 and self.pieces[0][1] == ROW:
            prefix = self.pieces[0][0]
            return lambda row: f"{prefix}{row.number}"
        return lambda row: _render(self.pieces, row)


def parse_template(text: str) -> Template:
    """Return the template; braces that are meant literally are written twice."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise TemplateError(f"{text!r}: {error}; a literal brace is written twice") from error
    for _, name, spec, conversion in parts:
        if name == "" or spec or conversion:
            raise TemplateError(f"{text!r}: braces hold the name of a column, or {{row}}")
    return Template(tuple((literal, name) for literal, name, _, _ in parts))


def _render(pieces: tuple[tuple[str, str | None], ...], row: Row) -> str:
    parts = []
    for literal, name in pieces:
        parts.append(literal)
        if name is None:
            continue
        value = str(row.number) if name == ROW else row.cells[name]
        # Without this, rows with an empty cell would all share one id such as "user-".
        if not value:
            return ""
        parts.append(value)
    return "".join(parts)
