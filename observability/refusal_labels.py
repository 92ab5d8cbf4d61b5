"""The labels of a refusal: which field broke which rule, in words that the contract fixes. Pure.

A field of a payload may be named by whoever sent it. So a name that is no word of the contract
never becomes a label: neither could it name a person, nor could the number of series grow.
"""

from functools import cache

import msgspec

from schemas.envelope import Envelope
from schemas.event_types import EVENT_TYPES

OWN_DATA = "data.*"
"""Any field of a payload that the contract does not name."""
OTHER = "other"
_WHOLE = ("event", "value", "data")


def refusal_labels(field: str, rule: str) -> tuple[str, str]:
    """Return field and rule as labels; rules are words of the contract already."""
    if field in _known_fields():
        return field, rule
    return (OWN_DATA if field.startswith("data") else OTHER), rule


@cache
def _known_fields() -> frozenset[str]:
    attributes = msgspec.structs.fields(Envelope)
    payloads = {kind.payload for kind in EVENT_TYPES.values()}
    return frozenset(
        (
            *_WHOLE,
            *(field.encode_name for field in attributes),
            *(f"data.{field.encode_name}" for p in payloads for field in msgspec.structs.fields(p)),
        )
    )
