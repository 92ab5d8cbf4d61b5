"""Splits a JSON array into the bytes of its elements: each is judged by itself. Pure."""

import json

import msgspec

_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_RAW = msgspec.json.Decoder(msgspec.Raw)
_LENIENT = json.JSONDecoder()
_BLANKS = " \t\r\n"


class NotSplittableError(ValueError):
    """The bytes are no JSON array; the message says where it breaks."""


def split_array(body: bytes) -> list[bytes]:
    """Return the bytes of every element. Raises NotSplittableError."""
    try:
        return [bytes(raw) for raw in _RAWS.decode(body)]
    except RecursionError:
        raise NotSplittableError("it is nested beyond what can be read") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _split_with_nan(body, str(error))


def check_json(body: bytes) -> None:
    """Raise NotSplittableError where the bytes are no JSON value."""
    try:
        _RAW.decode(body)
    except RecursionError:
        raise NotSplittableError("it is nested beyond what can be read") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if len(_split_with_nan(b"[" + body + b"]", str(error))) != 1:
            raise NotSplittableError(str(error)) from None


def _split_with_nan(body: bytes, reason: str) -> list[bytes]:
    """Split what only NaN or Infinity keep from being JSON: one event is to blame, not all."""
    text = body.decode("utf-8", "surrogateescape").strip(_BLANKS)
    if not text.startswith("["):
        raise NotSplittableError(reason)
    elements: list[str] = []
    place = _after_blanks(text, 1)
    while text[place : place + 1] != "]" or elements:
        try:
            end = _LENIENT.raw_decode(text, place)[1]
        except (ValueError, RecursionError):
            raise NotSplittableError(reason) from None
        elements.append(text[place:end])
        place = _after_blanks(text, end)
        if text[place:] == "]":
            break
        if text[place : place + 1] != ",":
            raise NotSplittableError(reason)
        place = _after_blanks(text, place + 1)
    return [element.encode("utf-8", "surrogateescape") for element in elements]


def _after_blanks(text: str, place: int) -> int:
    while text[place : place + 1] and text[place] in _BLANKS:
        place += 1
    return place
