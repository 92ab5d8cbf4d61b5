"""A small mapping and files for it, so that a test says only what it changes."""

import copy
import gzip
from pathlib import Path
from typing import Any

from cli.replaying.contract import judge
from cli.replaying.feed import Choice, Feed, check_columns
from cli.replaying.mapping import Mapping
from cli.replaying.row_events import Check, RowEvents
from cli.replaying.row_files import open_rows
from cli.replaying.rows import RefusedRow
from schemas.codec import decode
from schemas.events import Event

NOW_US = 1_800_000_000_000_000

_TABLE: dict[str, Any] = {
    "source": "urn:test",
    "event": [
        {
            "name": "view",
            "type": "engagement.page.viewed",
            "id": "view-{row}",
            "time": {"column": "at"},
            "contact": "{who}",
        }
    ],
}


def table(**event: Any) -> dict[str, Any]:
    """The table of a valid mapping with one event, some of its keys set."""
    changed = copy.deepcopy(_TABLE)
    changed["event"][0].update(event)
    return changed


def mapping(**event: Any) -> Mapping:
    return Mapping.model_validate(table(**event))


def csv_file(directory: Path, text: str) -> Path:
    path = directory / "rows.csv"
    path.write_text(text)
    return path


def gzipped(path: Path) -> Path:
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed


def raw_events(
    path: Path, rules: Mapping, choice: Choice | None = None, check: Check = judge
) -> tuple[list[bytes], list[RefusedRow]]:
    """Everything that a file gives: events as sent, rows as refused."""
    refused: list[RefusedRow] = []
    with open_rows(path, rules.file) as rows:
        check_columns(rules, rows)
        feed = Feed(rows, RowEvents(rules, check), choice or Choice(), refused.append)
        return list(feed.events()), refused


def events(path: Path, rules: Mapping) -> list[Event]:
    """The events of a file in which no row is refused."""
    raw, refused = raw_events(path, rules)
    assert refused == []
    return [decode(event, now_us=NOW_US) for event in raw]


def reason(path: Path, rules: Mapping) -> str:
    """Why the only row of a file is refused."""
    raw, refused = raw_events(path, rules)
    assert raw == []
    (only,) = refused
    return only.reason
