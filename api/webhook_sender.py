"""Sends one signed request to a webhook and says how it went; whatever the receiver does, it ends.

No redirect is followed, no proxy of the environment used, and no connection kept: the next request
to the same address may be for another host, whose certificate has to be checked anew.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Self

import httpx

from api.webhook_addresses import Addresses, PrivateAddressError, UnknownHostError
from schemas.insights import MEDIA_TYPE

TOTAL_SECONDS = 15.0
MOST_ANSWER_BYTES = 16 * 1024
"""An answer says all it has to by its status; what is longer is not read to its end."""
DEFAULT_PORTS = {"https": 443, "http": 80}
_GONE = 410


class Outcome(StrEnum):
    """How a try ended."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    GONE = "gone"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    CUT_OFF = "cut_off"
    UNKNOWN_HOST = "unknown_host"
    PRIVATE_ADDRESS = "private_address"
    NOT_HTTPS = "not_https"
    UNREADABLE_SECRET = "unreadable_secret"  # noqa: S105 - names what went wrong
    WITHHELD = "withheld"
    """Not sent: the owner of the webhook may not see it."""
    OWNER_GONE = "owner_gone"
    """Not sent: the owner works here no more, or is a token out of force."""
    OWNER_MAY_NOT = "owner_may_not"
    """Not sent: the owner may not have webhooks any more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How it ended, with the status of the receiver and the seconds it asks to be left alone."""

    outcome: Outcome
    status_code: int | None = None
    retry_after: float | None = None


_OUTCOMES: Mapping[type[Exception], Outcome] = {
    TimeoutError: Outcome.TIMED_OUT,
    httpx.TimeoutException: Outcome.TIMED_OUT,
    PrivateAddressError: Outcome.PRIVATE_ADDRESS,
    UnknownHostError: Outcome.UNKNOWN_HOST,
    httpx.ConnectError: Outcome.UNREACHABLE,
    httpx.TransportError: Outcome.CUT_OFF,
}
"""The first that fits says how a try ended without an answer."""


class Sender:
    """Sends to any host that `addresses` allows."""

    def __init__(
        self,
        addresses: Addresses,
        *,
        total_seconds: float = TOTAL_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Take what judges addresses, how long a request may take, and whose certificates count.

        Without `tls`, those of the public authorities do.
        """
        self._addresses = addresses
        self._total_seconds = total_seconds
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            verify=tls or _public_authorities(),
            timeout=total_seconds,
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"User-Agent": "Roundtable", "Accept-Encoding": "identity"},
        )

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send, and return how it went; never raises for anything that a receiver does."""
        place = httpx.URL(url)
        if place.scheme != "https" and not self._addresses.is_private_allowed:
            return Answer(Outcome.NOT_HTTPS)
        try:
            async with asyncio.timeout(self._total_seconds):
                return await self._send(place, body, headers)
        except tuple(_OUTCOMES) as error:
            return Answer(next(o for kind, o in _OUTCOMES.items() if isinstance(error, kind)))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._client.aclose()
        self._addresses.close()

    async def _send(self, url: httpx.URL, body: bytes, headers: Mapping[str, str]) -> Answer:
        address = await self._addresses.of(url.host, url.port or DEFAULT_PORTS[url.scheme])
        request = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers={**headers, "Host": url.netloc.decode("ascii"), "Content-Type": MEDIA_TYPE},
            # The certificate is checked for the name, though the address is connected to.
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        )
        answer = await self._client.send(request, stream=True)
        try:
            await _read(answer)
        finally:
            await answer.aclose()
        return _judged(answer)


@cache
def _public_authorities() -> ssl.SSLContext:
    # Reading their certificates takes longer than many a request; nothing changes the context.
    return httpx.create_ssl_context(trust_env=False)


async def _read(answer: httpx.Response) -> None:
    """Read the answer: one that breaks off leaves open what the receiver has done."""
    size = 0
    async for part in answer.aiter_raw():
        size += len(part)
        if size > MOST_ANSWER_BYTES:
            return


def _judged(answer: httpx.Response) -> Answer:
    status = answer.status_code
    if answer.is_success:
        return Answer(Outcome.DELIVERED, status)
    if answer.is_redirect:
        return Answer(Outcome.REDIRECTED, status)
    if status == _GONE:
        return Answer(Outcome.GONE, status)
    return Answer(Outcome.REFUSED, status, _seconds(answer.headers.get("retry-after")))


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdecimal() and len(text) < 8 else None
