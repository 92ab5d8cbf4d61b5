from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.codec import decode
from schemas.event_type_drafts import EventTypeDraft, OwnType, may_be_registered
from schemas.events import Event, InvalidEvent
from schemas.own_types import OwnTypeRefused, UnjudgedOwnTypes, own_types_of
from tests.schemas.events import NOW_US, raw

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ORDER = {
    "type": "object",
    "properties": {
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
        "note": {"type": "string", "maxLength": 5},
    },
    "required": ["lines"],
    "$defs": {"line": {"type": "object", "required": ["sku"]}},
}


def draft(**changes: Any) -> EventTypeDraft:
    good = {
        "type": "shop.order.placed",
        "meaning": "An order came in.",
        "owner": "sales",
        "data_schema": ORDER,
    }
    return EventTypeDraft.model_validate(good | changes)


def nested(levels: int) -> dict[str, Any]:
    return {} if levels == 0 else {"not": nested(levels - 1)}


def placed(data: Any) -> Event:
    own_types = own_types_of([draft()])
    return decode(raw(type="shop.order.placed", data=data), now_us=NOW_US, own_types=own_types)


def test_an_event_of_a_registered_type_is_read() -> None:
    event = placed({"lines": [{"sku": "x"}], "amount": "12.00", "currency": "EUR"})

    assert (event.type, event.amount, event.currency) == ("shop.order.placed", 1200, "EUR")


def test_an_amount_without_a_currency_is_a_number_like_any_other() -> None:
    event = placed({"lines": [], "amount": 2.5})

    assert event.amount is None


@pytest.mark.parametrize(
    ("data", "field", "rule"),
    [
        ({}, "data.lines", "schema"),
        ({"lines": [{"sku": 1}, {}]}, "data.lines[1].sku", "schema"),
        ({"lines": [], "note": "too long"}, "data.note", "schema"),
        ({"lines": [], "amount": 1.5, "currency": "EUR"}, "data.amount", "not_an_amount"),
    ],
)
def test_data_that_do_not_fit_the_type_are_refused(data: Any, field: str, rule: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        placed(data)

    assert (refused.value.field, refused.value.rule) == (field, rule)


def test_a_type_that_is_not_registered_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="type: unknown_type"):
        decode(raw(type="shop.order.placed"), now_us=NOW_US)


def test_a_schema_that_never_ends_refuses_the_event() -> None:
    own_types = own_types_of([draft(data_schema={"$ref": "#"})])

    with pytest.raises(InvalidEvent, match="data: schema"):
        decode(raw(type="shop.order.placed"), now_us=NOW_US, own_types=own_types)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"type": "order"}, "type"),
        ({"type": "Shop.Order"}, "type"),
        ({"type": "shop.order."}, "type"),
        ({"type": "deal.renewed"}, "taken by built-in types"),
        ({"type": "engagement.fax.sent"}, "taken by built-in types"),
        ({"type": "roundtable.thing"}, "taken by built-in types"),
        ({"data_schema": {"type": "objekt"}}, "data_schema"),
        ({"data_schema": {"required": "lines"}}, "data_schema"),
        ({"data_schema": {"$ref": "https://elsewhere.example/x.json"}}, "nothing is fetched"),
        ({"data_schema": {"items": {"$ref": "file:///etc/passwd"}}}, "nothing is fetched"),
        ({"data_schema": {"$ref": "#/$defs/nowhere"}}, "leads nowhere"),
        ({"data_schema": {"$dynamicRef": "x#y"}}, "nothing is fetched"),
        ({"data_schema": {"$id": "https://x.example/"}}, r"\$id is left out"),
        ({"data_schema": {"$schema": "http://json-schema.org/draft-04/schema#"}}, "2020-12"),
        ({"data_schema": {"description": "x" * 33_000}}, "at most 32768 bytes"),
        ({"data_schema": {"type": "array"}}, "not_an_object"),
        ({"data_schema": {"properties": {"a": {"pattern": "("}}}}, "not_a_schema"),
        ({"data_schema": {"const": "\u0000"}}, "forbidden_character"),
        ({"data_schema": {"properties": {"\ud800": {}}}}, "forbidden_character"),
        ({"data_schema": {"maximum": float("inf")}}, "not_a_number"),
        ({"data_schema": {"maximum": 2**63}}, "integer_out_of_range"),
        ({"data_schema": nested(65)}, "too_deep"),
        ({"owner": "it"}, "owner"),
    ],
)
def test_a_type_that_cannot_be_judged_by_is_not_registered(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        draft(**changes)


def test_a_field_that_is_called_like_a_keyword_is_no_reference() -> None:
    schema = {"properties": {"$ref": {"type": "string"}, "$id": {"type": "string"}}}

    assert draft(data_schema=schema).namespace == "shop"


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"type": "deal.renewed"}, "type", "reserved_namespace"),
        ({"data_schema": {"$ref": "#/$defs/nowhere"}}, "data_schema", "reference"),
    ],
)
def test_a_refused_draft_names_field_and_rule(
    changes: dict[str, Any], field: str, rule: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        draft(**changes)

    assert [(error["loc"], error["type"]) for error in refused.value.errors()] == [((field,), rule)]


def test_a_refusal_says_which_limit_was_broken_and_never_what_was_sent() -> None:
    with pytest.raises(InvalidEvent) as refused:
        placed({"lines": [], "note": "a secret"})

    assert refused.value.detail == "breaks maxLength 5"


def test_a_long_rule_is_named_without_its_value() -> None:
    long = draft(data_schema={"properties": {"plan": {"enum": ["x" * 100]}}})

    with pytest.raises(InvalidEvent) as refused:
        own_types_of([long]).check("shop.order.placed", {"plan": "y"})

    assert (refused.value.field, refused.value.detail) == ("data.plan", "breaks enum")


def test_a_refusal_carries_the_type_that_may_be_known_better_elsewhere() -> None:
    with pytest.raises(OwnTypeRefused) as refused:
        decode(raw(type="shop.order.placed"), now_us=NOW_US)

    assert refused.value.type == "shop.order.placed"


def test_a_newer_version_takes_the_place_of_the_older_and_leaves_the_others() -> None:
    both = own_types_of([draft(), draft(type="shop.order.returned")])

    updated = both.updated([draft(data_schema={})])

    updated.check("shop.order.placed", {})
    with pytest.raises(InvalidEvent):
        updated.check("shop.order.returned", {})


def test_who_does_not_know_the_registered_types_refuses_only_impossible_names() -> None:
    unjudged = UnjudgedOwnTypes()

    unjudged.check("shop.order.placed", {"anything": True})
    with pytest.raises(InvalidEvent, match="type: unknown_type"):
        unjudged.check("engagement.fax.sent", {})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shop.order.placed", True),
        ("deal.renewed", False),
        ("shop", False),
        ("shop.order.placed\n", False),
        ("shop.order.\x00", False),
    ],
)
def test_only_names_that_could_be_registered_are_looked_for(name: str, expected: bool) -> None:
    assert may_be_registered(name) is expected


def test_a_stored_type_is_read_even_if_its_namespace_is_built_in_by_now() -> None:
    stored = {**draft().model_dump(), "type": "deal.renewed", "version": 1, "created_at": NOW}

    assert OwnType.model_validate(stored).type == "deal.renewed"
