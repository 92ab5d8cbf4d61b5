"""Finds the address that a webhook leads to, and refuses one inside the network of the API.

The address that was judged is the address that is connected to: a name that answers differently
the second time gains nothing.
"""

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor

RESOLVE_SECONDS = 5.0
# Threads of its own: names that nobody answers for hold up neither readings nor other receivers.
RESOLVERS = 16

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
# NAT64 (RFC 6052) and the old IPv4-compatible form: the last 32 bits are the address meant.
_WRAPPING = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
_NOT_PUBLIC = (ipaddress.IPv6Network("64:ff9b:1::/48"), ipaddress.IPv6Network("fec0::/10"))


class PrivateAddressError(Exception):
    """The host has an address that is not public."""


class UnknownHostError(Exception):
    """The host has no address."""


class Addresses:
    """Resolves hosts; private addresses are allowed only where the deployment says so."""

    def __init__(self, *, is_private_allowed: bool) -> None:
        """Take whether addresses may lie inside the own network."""
        self.is_private_allowed = is_private_allowed
        self._threads = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="webhook-hosts")

    async def of(self, host: str, port: int) -> str:
        """Return one address. Raises PrivateAddressError where any is private, UnknownHostError."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = await loop.run_in_executor(self._threads, _resolve, host, port)
        except (OSError, UnicodeError, TimeoutError):
            raise UnknownHostError(host) from None
        if not self.is_private_allowed and not all(is_public(address) for address in found):
            raise PrivateAddressError(host)
        return str(found[0])

    def close(self) -> None:
        """Wait for no name any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def is_public(address: IPAddress) -> bool:
    """Tell whether an address is one of the internet's, however it is wrapped."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or _unwrapped(address)
        if inner is not None:
            return is_public(inner)
        if any(address in network for network in _NOT_PUBLIC):
            return False
    return address.is_global and not address.is_multicast


def _unwrapped(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if not any(address in network for network in _WRAPPING):
        return None
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def _resolve(host: str, port: int) -> list[IPAddress]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(place[0]) for *_, place in found]
