"""Tells from headers and body which events a request holds: one, a batch, or one in binary mode.

The protocol binding is CloudEvents 1.0 over HTTP. Pure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote

from api import problems
from api.json_batches import NotSplittableError, check_json, split_array
from api.problems import ProblemError
from schemas.codec import decode, decode_binary
from schemas.dead_letters import identity_of
from schemas.events import Event
from schemas.own_types import OwnTypes

_PREFIX = "ce-"
_ONE = "application/cloudevents+json"
_BATCH = "application/cloudevents-batch+json"
_JSON = "application/json"
MEDIA_TYPES = (_ONE, _BATCH, _JSON)


class Sent(Protocol):
    """One event as it was sent: not looked at so far, perhaps no event at all."""

    def read(self, now_us: int, own_types: OwnTypes) -> Event:
        """Return the event. Raises InvalidEvent."""

    def identity(self) -> tuple[str | None, str | None]:
        """Return source and id as far as they can be read."""


@dataclass(frozen=True, slots=True)
class Structured:
    """One event whose attributes and data are one JSON object."""

    raw: bytes

    def read(self, now_us: int, own_types: OwnTypes) -> Event:
        """Return the event. Raises InvalidEvent."""
        return decode(self.raw, now_us=now_us, own_types=own_types)

    def identity(self) -> tuple[str | None, str | None]:
        """Return source and id as far as they can be read."""
        return identity_of(self.raw)


@dataclass(frozen=True, slots=True)
class Binary:
    """One event whose attributes are headers and whose data are the body."""

    attributes: Mapping[str, str]
    body: bytes

    def read(self, now_us: int, own_types: OwnTypes) -> Event:
        """Return the event. Raises InvalidEvent."""
        return decode_binary(self.attributes, self.body, now_us=now_us, own_types=own_types)

    def identity(self) -> tuple[str | None, str | None]:
        """Return source and id as far as they can be read."""
        return self.attributes.get("source"), self.attributes.get("id")


def events_of(headers: Mapping[str, str], body: bytes, max_events: int) -> Sequence[Sent]:
    """Return what was sent, in its order. Raises ProblemError: 400, 413 or 415."""
    media_type = _media_type(headers)
    is_binary = _PREFIX + "specversion" in headers and media_type not in {_ONE, _BATCH}
    read = _binary_of(headers, media_type) if is_binary else _READERS.get(media_type)
    if read is None:
        raise ProblemError(
            problems.WRONG_MEDIA_TYPE,
            f"Send {', '.join(MEDIA_TYPES)}, or JSON with the attributes as ce- headers.",
        )
    try:
        sent = read(body)
    except (NotSplittableError, UnicodeDecodeError) as error:
        raise ProblemError(problems.MALFORMED, str(error), rule="malformed_json") from None
    if len(sent) > max_events:
        raise ProblemError(
            problems.TOO_LARGE, f"{len(sent)} events in one request; at most {max_events}."
        )
    return sent


def _media_type(headers: Mapping[str, str]) -> str:
    media_type, _, parameters = headers.get("content-type", "").partition(";")
    charset = parameters.lower().replace(" ", "").replace('"', "")
    if "charset=" in charset and "charset=utf-8" not in charset:
        raise ProblemError(problems.WRONG_MEDIA_TYPE, "JSON is sent as UTF-8.")
    return media_type.strip().lower()


def _one(body: bytes) -> Sequence[Sent]:
    check_json(body)
    return [Structured(body)]


def _batch(body: bytes) -> Sequence[Sent]:
    return [Structured(raw) for raw in split_array(body)]


def _one_or_batch(body: bytes) -> Sequence[Sent]:
    return _batch(body) if body.lstrip(b" \t\r\n").startswith(b"[") else _one(body)


Reader = Callable[[bytes], Sequence[Sent]]
_READERS: Mapping[str, Reader] = {_ONE: _one, _BATCH: _batch, _JSON: _one_or_batch}


def _binary_of(headers: Mapping[str, str], media_type: str) -> Reader | None:
    if not (media_type in {"", _JSON, "text/json"} or media_type.endswith("+json")):
        return None

    def read(body: bytes) -> Sequence[Sent]:
        attributes = {
            # The binding percent-encodes what a header cannot hold.
            name.removeprefix(_PREFIX): unquote(value, errors="strict")
            for name, value in headers.items()
            if name.startswith(_PREFIX)
        }
        if media_type:
            attributes["datacontenttype"] = headers["content-type"]
        return [Binary(attributes, body)]

    return read
