"""The page on the architecture names every table."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def test_every_table_of_the_database_has_its_row() -> None:
    made = {"schema_migrations"}
    for migration in (ROOT / "storage/migrations").glob("*.sql"):
        made |= set(re.findall(r"^CREATE TABLE (\w+)", migration.read_text(), flags=re.MULTILINE))
    rows = PAGE.partition("## Tables")[2].partition("\n## ")[0]

    named = [
        table
        for first in re.findall(r"^\| (`.*?) \|", rows, flags=re.MULTILINE)
        for table in re.findall(r"`(\w+)`", first)
    ]

    assert sorted(named) == sorted(made)
