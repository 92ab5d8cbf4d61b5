"""Where people reach this deployment, and the cookies that only it can read.

A cookie that signs somebody in never crosses a network in the clear: without a public address
people sign in on the machine itself alone.
"""

import re
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response

from api.problems import FORBIDDEN, ProblemError
from api.sign_in_settings import PUBLIC_URL

_LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[1-9]\d{0,4})?")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme and host of the pages, as browsers write it."""

    text: str

    @property
    def is_secure(self) -> bool:
        """Whether everything goes by TLS."""
        return self.text.startswith("https://")

    def cookie_name(self, name: str) -> str:
        """The name of a cookie: `__Host-` binds it to this host, the port to this stack."""
        if self.is_secure:
            return f"__Host-roundtable-{name}"
        # On one machine cookies are shared by all ports.
        port = self.text.rpartition(":")[2]
        return f"roundtable-{name}-{port if port.isdecimal() else 80}"


class Site:
    """The deployment as browsers see it."""

    def __init__(self, public_url: str | None) -> None:
        """Take the address that people open, if it was told."""
        self._public = Origin(public_url) if public_url else None

    @property
    def is_https(self) -> bool:
        """Whether people come by TLS, as far as was told."""
        return self._public is not None and self._public.is_secure

    def origin(self, headers: Headers) -> Origin | None:
        """The origin of the pages, None where nobody can be signed in safely."""
        if self._public is not None:
            return self._public
        host = headers.get("host", "").lower()
        # The name that was asked for, not the address that answers: a page elsewhere whose name
        # leads to this machine does not get in.
        return Origin(f"http://{host}") if _LOOPBACK.fullmatch(host) else None

    def required_origin(self, headers: Headers) -> Origin:
        """The origin of the pages. Raises ProblemError where there is none."""
        origin = self.origin(headers)
        if origin is None:
            raise ProblemError(
                FORBIDDEN,
                f"People sign in by HTTPS: set {PUBLIC_URL} to the address that they open.",
            )
        return origin

    def cookie(self, headers: Headers, name: str) -> str | None:
        """The value of one of our cookies."""
        origin = self.origin(headers)
        if origin is None:
            return None
        cookies = cookie_parser(headers.get("cookie", ""))
        return cookies.get(origin.cookie_name(name)) or None

    def put_cookie(
        self, headers: Headers, response: Response, name: str, value: str, *, seconds: int
    ) -> None:
        """Let the browser keep a value that no script and no other site gets."""
        origin = self.required_origin(headers)
        response.set_cookie(
            origin.cookie_name(name),
            value,
            max_age=seconds,
            path="/",
            secure=origin.is_secure,
            httponly=True,
            samesite="lax",
        )

    def drop_cookie(self, headers: Headers, response: Response, name: str) -> None:
        """Let the browser forget it."""
        self.put_cookie(headers, response, name, "", seconds=0)
