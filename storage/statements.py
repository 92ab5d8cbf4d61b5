"""Loads the SQL files: one statement each, named as it is used."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """Return the statement in `storage/sql/<name>.sql`."""
    return files("storage").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
