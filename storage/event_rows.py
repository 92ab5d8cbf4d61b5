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
    packed_home = _text(home)
    account, amount = event.account, event.amount
    kept = _repeated(event.source, event.type, event.campaign, event.content, event.channel)
    source, kind, campaign_to_channel = kept
    data = _ENCODE(event.data)
    return b"".join(
        (
            _FIELDS,
            source,
            _text(event.id),
            kind,
            _INTEGER(8, event.time_us),
            packed_home,
            packed_home if account == home else _optional(account),
            _optional(event.contact),
            campaign_to_channel,
            _optional(event.deal),
            _NULL if amount is None else _INTEGER(8, amount),
            _optional(event.currency),
            _SIZE(len(data)),
            data,
            _INTEGER(8, received_us),
        )
    )


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _SIZE(len(encoded)) + encoded


def _optional(value: str | None) -> bytes:
    return _NULL if value is None else _text(value)


# Bounded: these come together again and again, and each is some hundred bytes at most.
@lru_cache(maxsize=4096)
def _repeated(
    source: str, kind: str, campaign: str | None, content: str | None, channel: str | None
) -> tuple[bytes, bytes, bytes]:
    of_campaign = _optional(campaign) + _optional(content) + _optional(channel)
    return _text(source), _text(kind), of_campaign
