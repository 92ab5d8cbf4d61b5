"""Which characters text may hold: those that CloudEvents allows, all of which PostgreSQL stores."""

import re

# CloudEvents 1.0, type String: neither controls (U+0000 among them, which PostgreSQL's text cannot
# hold) nor surrogates nor noncharacters.
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)
# Text of a payload may have lines and tabs.
_FORBIDDEN_IN_DATA = re.compile("(?![\t\n\r])" + _FORBIDDEN.pattern)


def is_attribute_text(text: str) -> bool:
    """Tell whether `text` may stand in an attribute."""
    # isprintable is true only for characters that are allowed, and much faster.
    return text.isprintable() or not _FORBIDDEN.search(text)


def is_data_text(text: str) -> bool:
    """Tell whether `text` may stand in the payload, as a key or as a value."""
    return text.isprintable() or not _FORBIDDEN_IN_DATA.search(text)


def is_plain_json(raw: bytes) -> bool:
    """Tell cheaply that no string of this JSON document can hold a forbidden character."""
    # JSON forbids raw controls, so they come only through an escape; DEL alone may stand raw.
    return raw.isascii() and b"\\" not in raw and b"\x7f" not in raw
