"""E-mail addresses become keyed hashes: the same address the same pseudonym, never the reverse."""

import hashlib
import hmac
import re

PSEUDONYM_PREFIX = "c_"

# RFC 5322 atext without what separates the parts of a URL: inside a longer text an address ends
# there. Unicode letters are allowed as RFC 6531 has them.
_LOCAL = r"[\w.!#$%+'*~^`{|}\-]"
_LOCAL_ENCODED = r"[\w.!#$+'*~^`{|}\-]"
_DOMAIN = r"(?:(?:[^\W_](?:[\w-]*[^\W_])?\.)+(?:[^\W\d_]{2,}|xn--[\w-]+)|\[[0-9A-Fa-f:.]+\])"
# The lookbehind and the possessive quantifier keep the search linear in the length of the text.
_WITHIN = re.compile(
    rf'(?:"[^"]*"|(?<!{_LOCAL}){_LOCAL}++|[/?&=])@{_DOMAIN}'
    rf"|(?<!{_LOCAL_ENCODED}){_LOCAL_ENCODED}++%40{_DOMAIN}",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    rf"(?:mailto:)?(?:[\w.!#$%&'*+/=?^`{{|}}~\-]+|\"[^\"]*\")(?:@|%40)({_DOMAIN})", re.IGNORECASE
)


def pseudonym_of(address: str, key: bytes) -> str:
    """The pseudonym of an e-mail address; case and surrounding blanks do not matter."""
    plain = address.strip().lower().removeprefix("mailto:").replace("%40", "@")
    return PSEUDONYM_PREFIX + hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()[:32]


def address_in(text: str) -> str | None:
    """The first e-mail address in the text."""
    if not _may_hold_address(text):
        return None
    match = _WHOLE.fullmatch(text.strip()) or _WITHIN.search(text)
    return match[0] if match else None


def domain_of_address(text: str) -> str | None:
    """The domain, where the whole text is an e-mail address."""
    match = _WHOLE.fullmatch(text.strip()) if _may_hold_address(text) else None
    return match[1] if match else None


def pseudonymised(text: str, key: bytes) -> str:
    """The text with every e-mail address in it replaced by its pseudonym."""
    if not _may_hold_address(text):
        return text
    if _WHOLE.fullmatch(text.strip()):
        return pseudonym_of(text, key)
    return _WITHIN.sub(lambda match: pseudonym_of(match[0], key), text)


def _may_hold_address(text: str) -> bool:
    return "@" in text or "%40" in text
