"""Events as broken sources send them: of each kind it is known which field breaks which rule."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

Fields = dict[str, Any]
Break = Callable[[Fields], bytes]


@dataclass(frozen=True)
class BrokenKind:
    """A way to break an event, and what the contract says to it."""

    name: str
    field: str
    rule: str
    apply: Break
    is_json: bool = True
    """Where False, a batch that holds it cannot be read at all."""


@dataclass(frozen=True)
class BrokenEvent:
    """One broken event as it is sent."""

    raw: bytes
    kind: BrokenKind


def break_event(event: bytes, number: int, kind: BrokenKind) -> BrokenEvent:
    """Return a broken copy of a valid event under an id of its own."""
    fields = msgspec.json.decode(event)
    fields["id"] = f"broken-{fields['id']}-{number}"
    return BrokenEvent(kind.apply(fields), kind)


def _encode(fields: Fields) -> bytes:
    return msgspec.json.encode(fields)


def _with(**changes: Any) -> Break:
    return lambda fields: _encode({**fields, **changes})


def _without(*names: str) -> Break:
    return lambda fields: _encode({key: fields[key] for key in fields if key not in names})


def _with_data(event_type: str, data: Fields, **changes: Any) -> Break:
    return lambda fields: _encode({**fields, "type": event_type, "data": data, **changes})


def _cut_off(fields: Fields) -> bytes:
    return _encode(fields)[:-7]


def _in_latin_1(fields: Fields) -> bytes:
    return _encode({**fields, "campaign": "fr-hling"}).replace(b"fr-hling", b"fr\xfchling")


def _with_nan(fields: Fields) -> bytes:
    return _encode({**fields, "data": {"score": 0}}).replace(b'"score":0', b'"score":NaN')


def _nested(depth: int) -> Fields:
    return {"deeper": _nested(depth - 1)} if depth else {}


_DEAL = {"deal": "d-broken"}
BROKEN_KINDS = (
    BrokenKind("no type", "type", "missing", _without("type")),
    BrokenKind("no id", "id", "missing", _without("id")),
    BrokenKind("no time", "time", "missing", _without("time")),
    BrokenKind("nobody", "account", "missing", _without("account", "contact")),
    BrokenKind("time in words", "time", "bad_time", _with(time="yesterday")),
    BrokenKind("time without offset", "time", "no_offset", _with(time="2025-03-01T09:30:00")),
    BrokenKind("far future", "time", "in_the_future", _with(time="2999-01-01T00:00:00Z")),
    BrokenKind("unheard-of type", "type", "unknown_type", _with(type="engagement.fax.sent")),
    BrokenKind(
        "amount as a float",
        "data.amount",
        "not_an_amount",
        _with_data("deal.won", {"amount": 499.99, "currency": "EUR"}, **_DEAL),
    ),
    BrokenKind(
        "currency in words",
        "data.currency",
        "unknown_currency",
        _with_data("deal.won", {"amount": 49999, "currency": "Euro"}, **_DEAL),
    ),
    BrokenKind(
        "rejection without reason", "data.reason", "missing", _with_data("lead.rejected", {})
    ),
    BrokenKind(
        "exposure without variant",
        "data.variant",
        "missing",
        _with_data("experiment.exposure", {"experiment": "welcome-mail"}),
    ),
    BrokenKind("too deep", "data", "too_deep", _with(data=_nested(30))),
    BrokenKind("too large", "event", "too_large", _with(data={"note": "x" * 70_000})),
    BrokenKind("cut off", "event", "malformed_json", _cut_off, is_json=False),
    BrokenKind("Latin-1", "event", "invalid_utf8", _in_latin_1, is_json=False),
    BrokenKind("NaN", "event", "not_a_number", _with_nan, is_json=False),
)
