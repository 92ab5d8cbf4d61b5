"""A mapping that cannot be meant is refused before a row is read, by key and rule."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cli.replaying.feed import check_columns
from cli.replaying.mapping import Mapping
from cli.replaying.mapping_file import MappingError, load_mapping
from cli.replaying.rows import RowFile
from tests.replay.small_mappings import table

WRONG_EVENTS = [
    ({"kind": "x"}, "event.0.kind", "Extra inputs are not permitted"),
    ({"id": "the-same"}, "event.0", "names {row} or a column"),
    ({"id": "view-{"}, "event.0.id", "a literal brace is written twice"),
    ({"id": "{row:05d}"}, "event.0.id", "braces hold the name of a column"),
    ({"id": "{}"}, "event.0.id", "braces hold the name of a column"),
    ({"time": {"colum": "at"}}, "event.0.time", "one of the keys 'column', 'start' and 'after'"),
    ({"time": {"column": "at", "timezone": "Mars/Base"}}, "timezone", "no IANA time zone"),
    ({"time": {"column": "at", "format": "unix_s", "timezone": "UTC"}}, "time", "have none"),
    ({"time": {"start": "2020-01-01", "step": "1s"}}, "time.start.start", "valid datetime"),
    ({"time": {"after": "visit", "by": "1h"}}, "mapping", "'visit' is no earlier event (none)"),
    ({"time": {"after": "view", "by": "1 hour"}}, "by", "a duration is a whole number and"),
    ({"contact": None}, "mapping", "has an account, a contact, or both"),
    ({"type": "deal.won"}, "mapping", "deal: required for deal.won"),
    ({"when": [{"column": "a", "op": "in", "value": "x"}]}, "when.0", "a list for 'in'"),
    ({"when": [{"column": "a", "op": "gt", "value": "x"}]}, "when.0", "a whole number"),
    ({"when": [{"column": "a", "op": "empty", "value": "x"}]}, "when.0", "true or false"),
    ({"when": [{"column": "a", "op": "like", "value": "x"}]}, "when.0.op", "Input should be"),
    ({"when": [{"column": "a", "value": 1.5}]}, "when.0.value", "Input should be"),
    ({"amount": {"column": "a"}}, "amount", "one of 'currency' and 'currency_column'"),
    ({"amount": {"column": "a", "currency": "usd"}}, "amount.currency", "match pattern"),
    ({"data": {"time_synthesized": True}}, "event.0", "data.time_synthesized: set by the replay"),
    (
        {"data": {"currency": "EUR"}, "amount": {"column": "a", "currency": "EUR"}},
        "event.0",
        "data.currency: set by the replay",
    ),
    ({"data": {"x": {"column": "a", "map": {"1": "b"}, "type": "integer"}}}, "x", "gives text"),
    ({"data": {"x": {"column": "a", "unmapped": "keep"}}}, "x", "there is none"),
    ({"data": {"x": 1.5}}, "data.x", "text, with columns in braces"),
]


@pytest.mark.parametrize(("event", "key", "rule"), WRONG_EVENTS, ids=lambda value: str(value)[:60])
def test_a_wrong_key_is_refused_by_name_and_rule(
    event: dict[str, Any], key: str, rule: str, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(_toml(table(**event)))

    with pytest.raises(MappingError) as refusal:
        load_mapping(path)

    lines = [line for line in str(refusal.value).splitlines()[1:] if rule in line]
    assert any(key in line.partition(": ")[0] for line in lines), str(refusal.value)


def test_two_events_of_a_row_may_not_share_an_id() -> None:
    wrong = table()
    wrong["event"].append({**wrong["event"][0], "name": "second"})

    with pytest.raises(ValidationError, match="event 'second': id: also the id of event 'view'"):
        Mapping.model_validate(wrong)


def test_two_events_of_a_row_may_not_share_a_name() -> None:
    wrong = table()
    wrong["event"].append({**wrong["event"][0], "id": "other-{row}"})

    with pytest.raises(ValidationError, match="event 'view': name: every event has its own"):
        Mapping.model_validate(wrong)


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text("source = ")

    with pytest.raises(MappingError, match="is not TOML"):
        load_mapping(path)


def test_a_missing_mapping_is_named(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"gone\.toml: No such file"):
        load_mapping(tmp_path / "gone.toml")


def test_a_column_that_the_file_does_not_have_is_named() -> None:
    rules = Mapping.model_validate(
        table(
            data={"x": {"column": "extra"}},
            when=[{"column": "chosen", "value": "1"}],
            amount={"column": "spend", "currency_column": "currency"},
        )
    )
    file = RowFile(("who", "at"), iter(()), lambda: 1.0)

    with pytest.raises(MappingError, match="'chosen', 'currency', 'extra', 'spend', which"):
        check_columns(rules, file)


def _toml(value: dict[str, Any]) -> str:
    event = {key: item for key, item in value["event"][0].items() if item is not None}
    return f"source = {_inline(value['source'])}\nevent = [{_inline(event)}]\n"


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {_inline(item)}' for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
