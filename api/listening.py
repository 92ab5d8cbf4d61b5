"""Opens the sockets on which the processes of the API listen: one address, a socket for each."""

import socket
import sys
from collections.abc import Sequence

BACKLOG = 2_048


class AddressTakenError(Exception):
    """Somebody else listens there already, or the address is not one of this machine."""


def open_listeners(host: str, port: int, count: int) -> Sequence[socket.socket]:
    """Open a socket for each of `count` processes; with port 0 on one free port.

    Linux spreads connections over sockets that share an address. With a single socket for all, the
    process that was woken last would get nearly all connections, and keep those that last.
    Raises AddressTakenError.
    """
    try:
        _refuse_taken(host, port)
        first = _listener(host, port)
        if not _are_connections_spread():
            return [first, *(first.dup() for _ in range(count - 1))]
        port = first.getsockname()[1]
        return [first, *(_listener(host, port) for _ in range(count - 1))]
    except OSError as error:
        raise AddressTakenError(
            f"{host}:{port} cannot be listened on: {error.strerror}."
        ) from error


def _listener(host: str, port: int) -> socket.socket:
    return socket.create_server(
        (host, port),
        family=_family(host),
        backlog=BACKLOG,
        reuse_port=_are_connections_spread(),
    )


def _refuse_taken(host: str, port: int) -> None:
    # Sockets that share an address would share it with another deployment's too, without a word.
    socket.create_server((host, port), family=_family(host)).close()


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _are_connections_spread() -> bool:
    """Tell whether this system spreads them; elsewhere the processes share one socket."""
    return sys.platform == "linux"
