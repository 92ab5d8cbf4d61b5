"""Loads the SQL files: one statement each, named as it is used."""

from functools import cache
from importlib.resources import files
from typing import LiteralString, cast


@cache
def statement(name: str) -> LiteralString:
    """Return the statement in `storage/sql/<name>.sql`."""
    text = files("storage").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return cast("LiteralString", text)
