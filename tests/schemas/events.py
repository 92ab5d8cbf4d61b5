"""Events for tests: a good one as a document, changed where a test says so, and generated ones."""

import json
from collections import ChainMap
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from schemas.codec import decode
from schemas.currencies import MINOR_DIGITS
from schemas.event_types import EVENT_TYPES, EventType
from schemas.events import Event

NOW_US = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
ABSENT = object()
UNHURRIED = settings(
    # How long an example takes says something of the machine, not of the contract.
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)


def document(**changes: Any) -> dict[str, Any]:
    """A good event as a JSON document, with changes; ABSENT takes an attribute away."""
    good = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "crm.example",
        "type": "engagement.page.viewed",
        "time": "2025-03-01T09:30:00+01:00",
        "account": "acme.example",
        "data": {"url": "https://shop.example/prices"},
    }
    return {name: value for name, value in (good | changes).items() if value is not ABSENT}


def raw(**changes: Any) -> bytes:
    """The same as bytes."""
    return json.dumps(document(**changes)).encode()


@cache
def storable_text(*, min_size: int = 0, max_size: int = 20) -> st.SearchStrategy[str]:
    """Text without controls, surrogates and noncharacters, some of it outside ASCII."""
    letters = st.characters(exclude_categories=["Cc", "Cs", "Cn"])
    return st.text(letters, min_size=min_size, max_size=max_size)


@cache
def names() -> st.SearchStrategy[str]:
    """Names as attributes hold them: never only blanks."""
    return storable_text(min_size=1).filter(str.strip)


@cache
def json_values() -> st.SearchStrategy[Any]:
    """Values that a payload may hold."""
    leaves = (
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | storable_text()
    )
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(storable_text(), inner, max_size=3)
        ),
        max_leaves=8,
    )


@cache
def payloads(event_type: EventType) -> st.SearchStrategy[dict[str, Any]]:
    """Payloads of the type, with fields that the contract does not know."""
    currency = st.sampled_from(sorted(MINOR_DIGITS))
    known: dict[str, st.SearchStrategy[Any]] = {
        "experiment": storable_text(min_size=1),
        "variant": storable_text(min_size=1),
        "reason": storable_text(min_size=1),
        "stage": storable_text(min_size=1),
        "contacts": st.lists(storable_text(min_size=1), max_size=3),
    }
    fields = {name: known[name] for name in event_type.payload.__struct_fields__ if name in known}
    unknown = st.dictionaries(st.text("xyz", min_size=1, max_size=3), json_values(), max_size=3)
    parts = [unknown, st.fixed_dictionaries(fields)]
    if event_type.has_amount:
        parts.append(currency.flatmap(_money))
    return st.tuples(*parts).map(lambda found: dict(ChainMap(*reversed(found))))


@cache
def _money(currency: str) -> st.SearchStrategy[dict[str, Any]]:
    decimals = st.decimals(-(10**9), 10**9, places=MINOR_DIGITS[currency]).map("{:f}".format)
    amounts = st.integers(-(2**63), 2**63 - 1) | decimals
    return st.fixed_dictionaries({"amount": amounts, "currency": st.just(currency)})


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Good events of every type as documents."""
    event_type = draw(st.sampled_from(sorted(EVENT_TYPES.values(), key=lambda row: row.name)))
    perhaps = st.none() | names()
    who = draw(st.sampled_from([("account",), ("contact",), ("account", "contact")]))
    needed = {*who, *event_type.required}
    attributes = {
        name: draw(names() if name in needed else perhaps)
        for name in ("account", "contact", "campaign", "content", "channel", "deal")
        if name in needed or name not in {"account", "contact"}
    }
    zone = timezone(timedelta(minutes=draw(st.integers(-14 * 60, 14 * 60))))
    since = timedelta(microseconds=draw(st.integers(0, NOW_US)))
    time = (datetime(1970, 1, 1, tzinfo=UTC) + since).astimezone(zone)
    return {
        "specversion": "1.0",
        "id": draw(names()),
        "source": draw(names()),
        "type": event_type.name,
        "time": time.isoformat(),
        "data": draw(payloads(event_type)),
        **attributes,
    }


def events() -> st.SearchStrategy[Event]:
    """Good events as the codec reads them."""
    return documents().map(lambda sent: decode(json.dumps(sent).encode(), now_us=NOW_US))
