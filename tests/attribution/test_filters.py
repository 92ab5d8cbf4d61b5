"""Filters compare as JSON does and read what is absent as absent."""

from typing import Any

import pytest
from pydantic import ValidationError

from attribution.filters import Types, predicate, reader, same
from schemas.events import Event
from schemas.resources import Condition, EventFilter
from tests.attribution.company import event


def passes(op: Any, wanted: Any, **data: Any) -> bool:
    condition = Condition(field="data.n", op=op, value=wanted)
    return predicate(EventFilter(types=("lead.*",), where=(condition,)))(lead(**data))


def lead(**data: Any) -> Event:
    return event("lead.accepted", data=data)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(True, 1), (1, True), (False, 0), (0, False), ("5", 5), (5, "5"), ("true", True), (True, "1")],
)
def test_values_of_two_json_types_are_never_equal(value: Any, wanted: Any) -> None:
    assert not same(value, wanted)
    assert not passes("eq", wanted, n=value)
    assert not passes("in", (wanted,), n=value)
    assert passes("ne", wanted, n=value)


@pytest.mark.parametrize(
    ("value", "wanted"), [(True, True), (False, False), (5, 5), (5.0, 5), ("5", "5"), ("", "")]
)
def test_equal_values_of_one_json_type_are_equal(value: Any, wanted: Any) -> None:
    assert passes("eq", wanted, n=value)
    assert passes("in", ("other", wanted), n=value)
    assert not passes("ne", wanted, n=value)


@pytest.mark.parametrize("value", [[5], {"n": 5}, [], {}, None])
def test_a_list_or_object_equals_no_scalar(value: Any) -> None:
    assert not passes("eq", 5, n=value)
    assert not passes("in", (5, "5", True), n=value)


def test_an_absent_field_equals_nothing_and_is_unlike_everything() -> None:
    assert not passes("eq", 5)
    assert not passes("in", (5, "5"))
    assert not passes("gte", 5)
    assert not passes("lte", 5)
    assert passes("ne", 5)


@pytest.mark.parametrize(
    ("value", "at_least", "at_most"),
    [(4, False, True), (5, True, True), (6, True, False), (4.9, False, True), (5.1, True, False)],
)
def test_bounds_are_inclusive(value: float, at_least: bool, at_most: bool) -> None:
    assert passes("gte", 5, n=value) is at_least
    assert passes("lte", 5, n=value) is at_most


@pytest.mark.parametrize("value", ["9", "1", True, False, None, [9]])
def test_only_numbers_are_within_bounds(value: Any) -> None:
    assert not passes("gte", 0, n=value)
    assert not passes("lte", 9, n=value)


def test_null_does_not_exist_and_false_zero_and_empty_do() -> None:
    assert not passes("exists", True, n=None)
    assert passes("exists", False, n=None)
    assert passes("exists", False)
    there: list[Any] = [False, 0, "", [], {}]
    assert all(passes("exists", True, n=value) for value in there)


def test_every_condition_must_hold() -> None:
    wanted = predicate(
        EventFilter(
            types=("lead.accepted",),
            where=(
                Condition(field="campaign", value="spring"),
                Condition(field="data.score", op="gte", value=3),
                Condition(field="contact", op="exists", value=True),
            ),
        )
    )

    assert wanted(event("lead.accepted", campaign="spring", contact="ada", data={"score": 3}))
    assert not wanted(event("lead.accepted", campaign="spring", contact="ada", data={"score": 2}))
    assert not wanted(event("lead.accepted", campaign="fall", contact="ada", data={"score": 3}))
    assert not wanted(event("lead.accepted", campaign="spring", account="acme", data={"score": 3}))


def test_the_type_must_match_whatever_else_holds() -> None:
    condition = Condition(field="campaign", value="spring")
    for where in ((), (condition,), (condition, condition)):
        wanted = predicate(EventFilter(types=("lead.accepted",), where=where))
        assert wanted(event("lead.accepted", campaign="spring"))
        assert not wanted(event("lead.rejected", campaign="spring"))


@pytest.mark.parametrize(
    ("name", "is_in"),
    [
        ("engagement.email.sent", True),
        ("engagement.email.link.clicked", True),
        ("engagement.email", False),
        ("engagement.emails.sent", False),
        ("lead.accepted", True),
        ("lead.accepted.again", False),
        ("lead", False),
    ],
)
def test_a_prefix_ends_at_a_dot_and_an_exact_type_at_its_end(name: str, is_in: bool) -> None:
    types = Types(("engagement.email.*", "lead.accepted"))

    assert (name in types) is is_in
    assert (name in types) is is_in, "the remembered answer is the same"


def test_a_path_into_data_reads_nested_objects_and_nothing_else() -> None:
    nested = event("lead.accepted", data={"form": {"size": 7, "tags": ["a"]}, "flat": 1})

    assert reader("data.form.size")(nested) == 7
    assert reader("data.flat")(nested) == 1
    assert reader("data.form.missing")(nested) is None
    assert reader("data.flat.size")(nested) is None
    assert reader("data.form.tags.size")(nested) is None
    assert reader("data.missing.size.more")(nested) is None


def test_a_path_outside_data_reads_the_attribute() -> None:
    deal = event("deal.won", deal="d1", amount=500, currency="EUR", channel="phone")

    read = {name: reader(name)(deal) for name in ("type", "deal", "amount", "currency", "channel")}

    assert list(read.values()) == ["deal.won", "d1", 500, "EUR", "phone"]
    assert reader("campaign")(deal) is None


@pytest.mark.parametrize(
    ("op", "value"), [("gte", "5"), ("lte", True), ("in", 5), ("eq", (5,)), ("exists", 1)]
)
def test_a_condition_whose_value_does_not_fit_is_refused(op: Any, value: Any) -> None:
    with pytest.raises(ValidationError, match="value"):
        Condition(field="data.n", op=op, value=value)
