"""Bytes to events and back: the only reader and writer of the envelope, the newest version out.

Anything that is no valid event raises `InvalidEvent` with field and rule; nothing else is raised.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from schemas.characters import is_attribute_text, is_plain_json
from schemas.envelope import MAX_EVENT_BYTES, Envelope
from schemas.event_types import EVENT_TYPES, EventType
from schemas.events import Event, InvalidEvent
from schemas.money import minor_units, money_of
from schemas.own_types import NO_OWN_TYPES, OwnTypes
from schemas.partitioning import CONTACT_PREFIX
from schemas.payload_refusals import explain_payload
from schemas.refusals import explain_attributes, explain_bytes, explain_data
from schemas.values import are_storable, explain_values

MAX_AHEAD_US = 24 * 60 * 60 * 1_000_000

_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json *(?:;.*)?", re.IGNORECASE | re.DOTALL)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENVELOPES = msgspec.json.Decoder(Envelope)
_ENCODER = msgspec.json.Encoder()


def decode(raw: bytes, *, now_us: int, own_types: OwnTypes = NO_OWN_TYPES) -> Event:
    """Read one event in structured mode at the door, at the time `now_us`."""
    _check_size(len(raw))
    event = _event_of(_envelope_of(raw), own_types, is_plain=is_plain_json(raw))
    _check_not_ahead(event, now_us)
    return event


def decode_logged(raw: bytes) -> Event:
    """Read one event that a door has accepted and written to the log.

    What depends on the door is not judged again, for what was accepted must not be lost: the size
    (a keyed hash is longer than the address it replaces), the clock, and own types as registered.
    """
    return _event_of(_envelope_of(raw), None, is_plain=is_plain_json(raw))


def decode_binary(
    attributes: Mapping[str, str], body: bytes, *, now_us: int, own_types: OwnTypes = NO_OWN_TYPES
) -> Event:
    """Read one event in binary mode: attributes from headers, without prefix, and data as body."""
    _check_size(len(body) + sum(len(name) + len(value) for name, value in attributes.items()))
    document = {**attributes, "data": _data_of(body) if body else None}
    try:
        envelope = msgspec.convert(document, Envelope)
    except msgspec.ValidationError:
        raise explain_attributes(document) from None
    event = _event_of(envelope, own_types, is_plain=False)
    _check_not_ahead(event, now_us)
    return event


def _data_of(body: bytes) -> Any:
    try:
        body.decode()
        return msgspec.json.decode(body)
    except RecursionError:
        raise InvalidEvent("data", "too_deep", "nested beyond what can be read") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise explain_data(body) from None


def encode(event: Event) -> bytes:
    """Write the event in structured mode; the same event always gives the same bytes."""
    return _ENCODER.encode(
        Envelope(
            specversion="1.0",
            id=event.id,
            source=event.source,
            type=event.type,
            time=_EPOCH + timedelta(microseconds=event.time_us),
            account=event.account,
            contact=event.contact,
            campaign=event.campaign,
            content=event.content,
            channel=event.channel,
            deal=event.deal,
            data=_data_with_money(event),
        )
    )


def _data_with_money(event: Event) -> dict[str, Any]:
    """The payload; an amount that was set on the event alone is written into it."""
    if event.amount is None or event.currency is None:
        return event.data
    data = {"amount": event.amount, "currency": event.currency, **event.data}
    if minor_units(data["amount"], event.currency) != event.amount:
        raise ValueError("amount: the event and its data name different amounts")
    return data


def _check_size(size: int) -> None:
    if size > MAX_EVENT_BYTES:
        raise InvalidEvent("event", "too_large", f"{size} bytes, at most {MAX_EVENT_BYTES}")


def _check_not_ahead(event: Event, now_us: int) -> None:
    if event.time_us > now_us + MAX_AHEAD_US:
        raise InvalidEvent("time", "in_the_future", "more than 24 hours ahead")


def _envelope_of(raw: bytes) -> Envelope:
    try:
        if not raw.isascii():
            # The reader skips attributes that it does not know without looking at their encoding.
            raw.decode()
        return _ENVELOPES.decode(raw)
    except RecursionError:
        raise InvalidEvent("event", "too_deep", "nested beyond what can be read") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise explain_bytes(raw) from None


def _event_of(envelope: Envelope, own_types: OwnTypes | None, *, is_plain: bool) -> Event:
    data = envelope.data or {}
    if not is_plain:
        _check_attribute_text(envelope)
    if envelope.datacontenttype is not None and not _JSON.fullmatch(envelope.datacontenttype):
        raise InvalidEvent("datacontenttype", "not_json", "application/json")
    if not are_storable(data, is_plain=is_plain):
        raise explain_values(data)
    amount, currency = _check_type(envelope, data, own_types)
    if envelope.account is None and envelope.contact is None:
        raise InvalidEvent("account", "missing", "an event names its account, contact or both")
    if envelope.account is not None and envelope.account.lower().startswith(CONTACT_PREFIX):
        raise InvalidEvent("account", "reserved_prefix", "contact: marks keys of contacts")
    return Event(
        source=envelope.source,
        id=envelope.id,
        type=envelope.type,
        time_us=_microseconds(envelope.time),
        account=envelope.account,
        contact=envelope.contact,
        campaign=envelope.campaign,
        content=envelope.content,
        channel=envelope.channel,
        deal=envelope.deal,
        amount=amount,
        currency=currency,
        data=data,
    )


def _microseconds(time: datetime) -> int:
    since = time - _EPOCH
    if since.days < 0:
        raise InvalidEvent("time", "before_1970", "at or after 1970-01-01T00:00:00Z")
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _check_type(
    envelope: Envelope, data: dict[str, Any], own_types: OwnTypes | None
) -> tuple[int | None, str | None]:
    event_type = EVENT_TYPES.get(envelope.type)
    if event_type is not None:
        return _check_built_in(envelope, data, event_type)
    if own_types is not None:
        own_types.check(envelope.type, data)
    # Of an own type, amount and currency are money where both are there.
    return money_of(data) if {"amount", "currency"} <= data.keys() else (None, None)


def _check_built_in(
    envelope: Envelope, data: dict[str, Any], event_type: EventType
) -> tuple[int | None, str | None]:
    for name in event_type.required:
        if getattr(envelope, name) is None:
            raise InvalidEvent(name, "missing", f"{event_type.name} asks for it")
    _check_version(envelope, event_type)
    money = money_of(data) if event_type.has_amount else (None, None)
    try:
        msgspec.convert(data, event_type.payload)
    except msgspec.ValidationError:
        raise explain_payload(data, event_type.payload) from None
    return money


def _check_version(envelope: Envelope, event_type: EventType) -> None:
    named = envelope.dataschema
    if named is None:
        return
    last = named.replace(":", "/").rpartition("/")[2]
    if last.removesuffix(".schema.json") != event_type.contract:
        raise InvalidEvent("dataschema", "unknown_version", f"known is {event_type.contract}")


def _check_attribute_text(envelope: Envelope) -> None:
    for name in ("id", "source", "account", "contact", "campaign", "content", "channel", "deal"):
        value = getattr(envelope, name)
        if value is not None and not is_attribute_text(value):
            raise InvalidEvent(name, "forbidden_character", "a control or unassigned character")
