"""The name of an account: a CRM id as it is, or a web domain in its one normal form."""

import contextlib
import re
from functools import lru_cache

from schemas.free_mail import FREE_MAIL_DOMAINS

_HOST = r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+(?:[^\W\d_]{2,}|xn--[\w-]+)"
_WEB_ADDRESS = re.compile(
    rf"(?:https?://)?({_HOST})\.?(?::[0-9]+)?(?:[/?#].*)?", re.IGNORECASE | re.DOTALL
)


@lru_cache(maxsize=16_384)
def account_name(text: str) -> str:
    """The name under which this account is known: a web address becomes its bare domain."""
    match = _WEB_ADDRESS.fullmatch(text) if "." in text else None
    return _bare_domain(match[1]) if match else text


def is_free_mail(account: str) -> bool:
    """Tell whether the account is the domain of a free-mail provider."""
    return account in FREE_MAIL_DOMAINS


def _bare_domain(host: str) -> str:
    domain = host.lower()
    if not domain.isascii():
        with contextlib.suppress(UnicodeError):  # what IDNA cannot write stays as it is
            domain = domain.encode("idna").decode()
    while domain.startswith("www.") and "." in domain.removeprefix("www."):
        domain = domain.removeprefix("www.")
    return domain
