"""Labels of refusals are words of the contract, whatever a sender calls the fields of its data."""

import pytest

from observability.refusal_labels import refusal_labels


@pytest.mark.parametrize("field", ["time", "account", "data", "event", "value", "data.amount"])
def test_a_field_of_the_contract_is_named(field: str) -> None:
    assert refusal_labels(field, "missing") == (field, "missing")


@pytest.mark.parametrize("field", ["data.ada-lovelace", "data.items[3].n", "data.?"])
def test_a_field_that_a_sender_named_is_not_repeated(field: str) -> None:
    assert refusal_labels(field, "schema") == ("data.*", "schema")


def test_a_name_from_nowhere_is_no_label() -> None:
    assert refusal_labels("ada@example.com", "schema") == ("other", "schema")
