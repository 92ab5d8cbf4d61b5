"""Choosing TCP ports on the loopback interface: the usual one when free, else any free one."""

import socket

LOOPBACK = "127.0.0.1"
HIGHEST = 65_535


def choose_port(preferred: int, *, taken: frozenset[int] = frozenset()) -> int:
    """Return the preferred port if it is free and not promised yet, else any free one; so for 0."""
    if preferred and preferred not in taken and is_free(preferred):
        return preferred
    while True:
        port = _any_free_port()
        if port not in taken:
            return port


def choose_run(preferred: int, count: int, *, taken: frozenset[int] = frozenset()) -> int:
    """Return the first of so many free ports that follow each other, the preferred one if it is."""
    first = choose_port(preferred, taken=taken)
    while not all(_may_follow(first + place, taken) for place in range(1, count)):
        first = choose_port(0, taken=taken)
    return first


def is_free(port: int) -> bool:
    """Say whether a server could listen on this port of the loopback interface now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port in TIME_WAIT after our own restart is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Say whether something accepts connections on this port of the loopback interface."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def _may_follow(port: int, taken: frozenset[int]) -> bool:
    return port <= HIGHEST and port not in taken and is_free(port)


def _any_free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
