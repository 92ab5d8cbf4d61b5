"""Where an e-mail address is found in what people write, and where one is meant to be."""

from __future__ import annotations

from typing import Any

import pytest

from api.no_addresses import fields_with_addresses


@pytest.mark.parametrize(
    ("document", "places"),
    [
        ({"name": "Spring mail"}, []),
        ({"name": "Ask ada@acme.example"}, ["name"]),
        ({"variants": [{"key": "a"}, {"key": "ada@acme.example"}]}, ["variants.1.key"]),
        ({"changes": {"ada@acme.example": 1}}, ["changes"]),
        ({"url": "https://hooks.example/?to=ada%40acme.example"}, ["url"]),
        ("ada@acme.example", ["body"]),
        ({"note": "5 @ 3 euros, from @sales"}, []),
        ({"count": 1, "rate": 0.5, "none": None, "yes": True}, []),
    ],
)
def test_an_address_is_found_wherever_it_stands(document: Any, places: list[str]) -> None:
    assert list(fields_with_addresses(document)) == places


def test_however_deep_a_body_is_it_is_looked_through() -> None:
    document: Any = "ada@acme.example"
    for _ in range(900):
        document = [document]

    (place,) = fields_with_addresses(document)

    assert place.count("0") == 900
