"""Settings of sign-in: where people reach the pages, and which identity provider knows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
PUBLIC_URL = "ROUNDTABLE_PUBLIC_URL"
ISSUER = "ROUNDTABLE_OPENID_ISSUER"
CLIENT_ID = "ROUNDTABLE_OPENID_CLIENT_ID"
CLIENT_SECRET = "ROUNDTABLE_OPENID_CLIENT_SECRET"  # noqa: S105 - the name of a variable
VARIABLES = (
    (
        PUBLIC_URL,
        "address that people open in browsers; without it they sign in on the machine itself alone",
    ),
    (ISSUER, "issuer of the OpenID Connect provider; without it people have passwords here"),
    (CLIENT_ID, "what the identity provider calls this deployment"),
    (CLIENT_SECRET, "secret that this deployment shows to the identity provider"),
)


class SignInSettingError(ValueError):
    """A setting of sign-in is missing, or holds a value that cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIdSettings:
    """Which identity provider, and who we are to it."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInSettings:
    """By which address people come, and where they sign in; here, where there is no provider."""

    public_url: str | None = None
    """Scheme and host, without a slash at the end."""
    openid: OpenIdSettings | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "SignInSettings":
        """Read the variables. Raises SignInSettingError."""
        public_url = environ.get(PUBLIC_URL)
        return cls(
            public_url=_origin(PUBLIC_URL, public_url) if public_url else None,
            openid=_openid(environ),
        )


HERE_ALONE = SignInSettings()
"""Passwords, and on the machine itself."""


def is_safe(url: str) -> bool:
    """Tell whether what is sent there can be read by nobody on the way."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # both are judged only when they are read
    except ValueError:
        return False
    is_here = parts.scheme == "http" and host in LOOPBACK_HOSTS
    return bool(host) and (parts.scheme == "https" or is_here)


def _openid(environ: Mapping[str, str]) -> OpenIdSettings | None:
    names = (ISSUER, CLIENT_ID, CLIENT_SECRET)
    given = [name for name in names if environ.get(name)]
    if not given:
        return None
    missing = [name for name in (*names, PUBLIC_URL) if not environ.get(name)]
    if missing:
        raise SignInSettingError(f"{missing[0]} is not set, but {given[0]} is; they go together.")
    issuer, client_id, client_secret = (environ[name] for name in names)
    _check_url(ISSUER, issuer)
    for name in (CLIENT_ID, CLIENT_SECRET):
        if not (environ[name].isascii() and environ[name].isprintable()):
            raise SignInSettingError(f"{name} must be printable ASCII characters.")
    return OpenIdSettings(issuer=issuer, client_id=client_id, client_secret=client_secret)


def _origin(name: str, url: str) -> str:
    _check_url(name, url)
    parts = urlsplit(url)
    if parts.path not in {"", "/"} or parts.username is not None:
        raise SignInSettingError(f"{name} is {url!r}; it must be a scheme and a host alone.")
    # As browsers write it in `Origin`, which it is compared with.
    port = {"https": ":443", "http": ":80"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(port)}"


def _check_url(name: str, url: str) -> None:
    if not is_safe(url) or urlsplit(url).query or urlsplit(url).fragment:
        raise SignInSettingError(
            f"{name} is {url!r}; it must begin with https:// (http:// only on this machine itself) "
            "and have neither query nor fragment."
        )
