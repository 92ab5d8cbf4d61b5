import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from schemas.codec import decode, encode
from schemas.event_types import EVENT_TYPES
from schemas.events import InvalidEvent
from schemas.json_schemas import event_schema
from schemas.rules import RULES
from tests.schemas.events import NOW_US, UNHURRIED, documents
from tests.schemas.examples import (
    FOLDER,
    InvalidExample,
    ValidExample,
    invalid_examples,
    valid_examples,
)

VALID, INVALID = valid_examples(), invalid_examples()
VALIDATORS = {
    row.contract: Draft202012Validator(
        event_schema(row), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    for row in EVENT_TYPES.values()
}
BEYOND_JSON_SCHEMA = {
    "bad_time", "before_1970", "forbidden_character", "in_the_future", "integer_out_of_range",
    "invalid_utf8", "malformed_json", "no_offset", "not_a_number", "not_json",
    "number_out_of_range", "reserved_prefix", "unknown_currency", "unknown_version",
    "wrong_decimals",
}  # fmt: skip


def named(example: ValidExample | InvalidExample) -> str:
    return f"{example.contract}/{example.name}"


@pytest.mark.parametrize("example", VALID, ids=named)
def test_a_valid_example_is_read_and_fits_the_published_schema(example: ValidExample) -> None:
    event = decode(example.raw, now_us=NOW_US)

    assert f"{event.type}.v1" == example.contract
    assert decode(encode(event), now_us=NOW_US) == event
    VALIDATORS[example.contract].validate(json.loads(example.raw))


@pytest.mark.parametrize("example", INVALID, ids=named)
def test_an_invalid_example_is_refused_as_its_name_says(example: InvalidExample) -> None:
    with pytest.raises(InvalidEvent) as refused:
        decode(example.raw, now_us=NOW_US)

    assert (refused.value.field, refused.value.rule) == (example.field, example.rule)


@pytest.mark.parametrize(
    "example", [one for one in INVALID if one.rule not in BEYOND_JSON_SCHEMA], ids=named
)
def test_an_invalid_example_is_refused_by_the_published_schema(example: InvalidExample) -> None:
    assert not VALIDATORS[example.contract].is_valid(json.loads(example.raw))


@pytest.mark.parametrize("contract", sorted(row.contract for row in EVENT_TYPES.values()))
def test_every_type_has_a_valid_and_two_invalid_examples(contract: str) -> None:
    assert [example for example in VALID if example.contract == contract]
    assert len([example for example in INVALID if example.contract == contract]) >= 2


def test_every_file_among_the_examples_is_an_example_of_a_type() -> None:
    assert orphans(FOLDER) == []


def orphans(folder: Path) -> list[str]:
    files = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    return [str(path) for path in files if not is_example(path)]


def is_example(path: Path) -> bool:
    contracts = {row.contract for row in EVENT_TYPES.values()}
    if len(path.parts) != 3 or path.parts[0] not in contracts or path.suffix != ".json":
        return False
    return path.parts[1] == "valid" or (path.parts[1] == "invalid" and "--" in path.stem)


@pytest.mark.parametrize(
    "name",
    [
        "deal.burnt.v1/valid/x.json",
        "deal.won.v2/valid/x.json",
        "deal.won.v1/x.json",
        "deal.won.v1/odd/x.json",
        "deal.won.v1/valid/x.txt",
        "deal.won.v1/invalid/no_reason.json",
    ],
)
def test_an_orphan_among_the_examples_is_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text("{}")

    assert orphans(tmp_path) == [name]


def test_invalid_examples_name_rules_that_exist() -> None:
    assert {example.rule for example in INVALID} <= set(RULES)


@UNHURRIED
@given(documents())
def test_what_the_codec_takes_fits_the_published_schema(sent: dict[str, Any]) -> None:
    decode(json.dumps(sent).encode(), now_us=NOW_US)

    VALIDATORS[f"{sent['type']}.v1"].validate(sent)
