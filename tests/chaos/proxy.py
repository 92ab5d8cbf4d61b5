"""A network that can be disturbed: a process that passes bytes on until it is told otherwise.

`python -m tests.chaos.proxy NAME:LISTEN:TARGET ...` passes what connects to the port LISTEN on to
the port TARGET. It is told on its standard input, one line each, what becomes of a route:
`NAME open`, `NAME pause` (bytes wait, connections stay), `NAME cut` (connections are reset and
refused), `NAME delay SECONDS` (every piece waits so long).
"""

import asyncio
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
PIECE = 64 * 1024


@dataclass
class Route:
    """One port that is passed on to another, and how it fares at the moment."""

    target: int
    moving: asyncio.Event = field(default_factory=asyncio.Event)
    is_cut: bool = False
    delay: float = 0.0
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def obey(self, verb: str, *arguments: str) -> None:
        """Do what a line on the standard input says."""
        self.is_cut, self.delay = verb == "cut", 0.0
        if verb == "pause":
            self.moving.clear()
            return
        self.moving.set()
        if verb == "delay":
            self.delay = float(arguments[0])
        if verb == "cut":
            for writer in self.writers:
                _reset(writer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on until either side ends it."""
        await self.moving.wait()
        if self.is_cut:
            _reset(writer)
            return
        try:
            onward = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            _reset(writer)
            return
        self.writers |= {writer, onward[1]}
        try:
            await _first_done(self._pass(reader, onward[1]), self._pass(onward[0], writer))
        finally:
            for each in (writer, onward[1]):
                self.writers.discard(each)
                _reset(each)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(PIECE):
                await asyncio.sleep(self.delay)
                await self.moving.wait()
                writer.write(piece)
                await writer.drain()
        except OSError:
            return


async def _first_done(*passing: object) -> None:
    tasks = [asyncio.ensure_future(one) for one in passing]  # type: ignore[call-overload]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _reset(writer: asyncio.StreamWriter) -> None:
    connected = writer.get_extra_info("socket")
    if connected is not None and connected.fileno() >= 0:
        # Sends a reset instead of an end: a connection that breaks, not one that is closed.
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Proxy:
    """The process, as the run that started it speaks to it."""

    def __init__(self, routes: Mapping[str, tuple[int, int]]) -> None:
        named = [f"{name}:{listen}:{target}" for name, (listen, target) in routes.items()]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.proxy", *named], stdin=subprocess.PIPE, text=True
        )
        self._names = frozenset(routes)

    def tell(self, route: str, verb: str, *arguments: object) -> None:
        """Change what becomes of a route."""
        assert route in self._names, route
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join([route, verb, *map(str, arguments)]) + "\n")
        self._process.stdin.flush()

    def open_all(self) -> None:
        """End every disturbance."""
        for name in self._names:
            self.tell(name, "open")

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


async def _run(arguments: list[str]) -> None:
    routes: dict[str, Route] = {}
    for argument in arguments:
        name, listen, target = argument.split(":")
        routes[name] = route = Route(int(target))
        route.moving.set()
        await asyncio.start_server(route.serve, LOOPBACK, int(listen))
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    while line := await lines.readline():
        name, verb, *more = line.decode().split()
        routes[name].obey(verb, *more)


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1:]))
