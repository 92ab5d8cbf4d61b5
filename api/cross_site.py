"""Refuses what other sites make a browser send: cookies come along with it, the intent does not.

Asked only of requests that cookies stand for; a token in a header is never added by a browser.
"""

import hmac
import secrets

from starlette.datastructures import Headers

from api.opaque_secrets import keyed_hash
from api.problems import CROSS_SITE, ProblemError
from api.site import Origin

HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_OWN_FETCHES = frozenset({"same-origin", "none"})


def csrf_token_of(session_secret: str) -> str:
    """What pages of this session show; only they can read it, and it needs not be stored."""
    return keyed_hash(session_secret.encode("utf-8", "surrogatepass"), "csrf", "").hex()


def check_origin(headers: Headers, origin: Origin) -> None:
    """Refuse what was sent by a page of another site. Raises ProblemError."""
    named = headers.get("origin")
    if named is not None:
        if not secrets.compare_digest(named.encode(), origin.text.encode()):
            raise ProblemError(
                CROSS_SITE, f"The request comes from {_shown(named)}, not from here."
            )
    elif headers.get("sec-fetch-site", "none") not in _OWN_FETCHES:
        raise ProblemError(CROSS_SITE, "The request comes from another site.")


def check_csrf_token(headers: Headers, session_secret: str) -> None:
    """Refuse what does not show the token of its session. Raises ProblemError."""
    shown = headers.get(HEADER, "")
    if not hmac.compare_digest(shown.encode(), csrf_token_of(session_secret).encode()):
        raise ProblemError(
            CROSS_SITE, f"Send the header `{HEADER}` with the token from `GET /v1/session`."
        )


def _shown(origin: str) -> str:
    return origin[:100] if origin.isascii() and origin.isprintable() else "elsewhere"
