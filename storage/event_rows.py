"""Packs events into rows of COPY's binary format, and reads them back from rows of a result.

Every event passes here, so a row is put together from bytes and not, value by value, by the client
library: texts that come again and again (source, type, campaign) are encoded once.
"""

from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import Any, NamedTuple

import msgspec

from schemas.events import Event

COLUMNS = (
    "source, id, type, time_us, home, account, contact, campaign, content, channel, deal, amount, "
    "currency, data, received_us"
)
"""The order in which `packed` writes them."""

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder().decode

_FIELDS = Struct(">h").pack(15)
_SIZE = Struct(">i").pack
_INTEGER = Struct(">iq").pack
_NULL = _SIZE(-1)


class StoredEvent(NamedTuple):
    """An event with the home it counts for and when the log took it (microseconds, UTC)."""

    event: Event
    home: str
    received_us: int


def packed(stored: Sequence[StoredEvent]) -> list[bytes]:
    """Return one row of COPY for each event."""
    return [_row(event, home, received_us) for event, home, received_us in stored]


def event_of_row(row: tuple[Any, ...]) -> Event:
    """Return the event in a row of the statements that read histories."""
    (_home, source, event_id, kind, time_us, account, contact, campaign, content, channel, deal,
     amount, currency, data) = row  # fmt: skip
    return Event(
        source=source,
        id=event_id,
        type=kind,
        time_us=time_us,
        account=account,
        contact=contact,
        campaign=campaign,
        content=content,
        channel=channel,
        deal=deal,
        amount=amount,
        currency=currency,
        data=_DECODE(data),
    )


def _row(event: Event, home: str, received_us: int) -> bytes:
    account = event.account
    packed_home = _text(home)
    packed_account = packed_home if account == home else _optional(account)
    amount = event.amount
    return b"".join(
        (
            _FIELDS,
            _repeated(event.source),
            _text(event.id),
            _repeated(event.type),
            _INTEGER(8, event.time_us),
            packed_home,
            packed_account,
            _optional(event.contact),
            _repeated(event.campaign),
            _repeated(event.content),
            _repeated(event.channel),
            _optional(event.deal),
            _NULL if amount is None else _INTEGER(8, amount),
            _repeated(event.currency),
            _bytes(_ENCODE(event.data)),
            _INTEGER(8, received_us),
        )
    )


def _bytes(value: bytes) -> bytes:
    return _SIZE(len(value)) + value


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _SIZE(len(encoded)) + encoded


def _optional(value: str | None) -> bytes:
    return _NULL if value is None else _text(value)


# Bounded: sources and campaigns are few at a time, and each is at most some hundred bytes.
_repeated = lru_cache(maxsize=4096)(_optional)
