from typing import Any

import pytest
from pydantic import ValidationError

from schemas.codec import decode
from schemas.events import Event, InvalidEvent
from schemas.own_types import EventTypeDraft, own_types_of
from tests.schemas.events import NOW_US, raw

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
        ({}, "data", "schema"),
        ({"lines": [{"sku": 1}, {}]}, "data.lines[1]", "schema"),
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
