"""E-mail addresses become keyed hashes: the same address the same pseudonym, never the reverse."""

import hashlib
import hmac
import re

PSEUDONYM_PREFIX = "c_"

# RFC 5322 atext, with the letters of RFC 6531, without what separates the parts of a URL: within
# `?mail=ada@example.com` the address begins after the equals sign.
_LOCAL = r"[\w.!#$%+'*~^`{|}\-]"
_DOMAIN = r"(?:(?:[^\W_](?:[\w-]*[^\W_])?\.)+(?:[^\W\d_]{2,}|xn--[\w-]+)|\[[0-9A-Fa-f:.]+\])"
# Addresses that run into each other (a@b.com@c.com) are one: replacing the first alone would leave
# its pseudonym as the local part of the second. The lookbehind and the possessive quantifiers keep
# the search linear in the length of the text.
_ADDRESS = re.compile(
    rf'(?:"[^"]*"|(?<!{_LOCAL}){_LOCAL}++|[/?&=])@{_DOMAIN}(?:{_LOCAL}*+@{_DOMAIN})*', re.IGNORECASE
)
_WHOLE = re.compile(rf"(?:mailto:)?{_LOCAL}+@({_DOMAIN})", re.IGNORECASE)


def pseudonym_of(address: str, key: bytes) -> str:
    """The pseudonym of an e-mail address; case and surrounding blanks do not matter."""
    plain = address.strip().lower().encode()
    return PSEUDONYM_PREFIX + hmac.digest(key, plain, hashlib.sha256).hex()[:32]


def pseudonymised(text: str, key: bytes) -> str:
    """The text with every e-mail address in it replaced by its pseudonym."""
    if not _may_hold_address(text):
        return text
    replaced, count = _ADDRESS.subn(lambda match: pseudonym_of(match[0], key), _with_at_signs(text))
    return replaced if count else text


def address_in(text: str) -> str | None:
    """The first e-mail address in the text."""
    match = _ADDRESS.search(_with_at_signs(text)) if _may_hold_address(text) else None
    return match[0] if match else None


def domain_of_address(text: str) -> str | None:
    """The domain, where the whole text is an e-mail address."""
    match = _WHOLE.fullmatch(text) if "@" in text else None
    return match[1] if match else None


def _may_hold_address(text: str) -> bool:
    return "@" in text or "%40" in text


def _with_at_signs(text: str) -> str:
    """The text with the at signs of percent-encoded addresses, as they stand in query strings."""
    return text.replace("%40", "@")
