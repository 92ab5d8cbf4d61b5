"""A receiver of webhooks that somebody else might run: it keeps what comes, answers as told."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Behaviour = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Received:
    """One request: its path, headers in lower case, and its body."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Receiver:
    """What came in so far; `behave` decides how the next request is answered."""

    port: int
    behave: Behaviour
    received: list[Received] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        """The ids of all messages, in the order in which they came."""
        return [one.headers["webhook-id"] for one in self.received]


def answering(status: int, **headers: str) -> Behaviour:
    """Answer with this status."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return behave


def hanging(seconds: float) -> Behaviour:
    """Answer 200, but only after a while."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        answering(200)(handler)

    return behave


def breaking_off(handler: BaseHTTPRequestHandler) -> None:
    """Begin an answer of 200 and cut the connection in the middle of it."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"half of")
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def receiver(
    behave: Behaviour | None = None, *, port: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[Receiver]:
    """Listen for the length of a block, on a free port unless one is named."""
    found: list[Receiver] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found[0].received.append(Received(self.path, headers, body, time.monotonic()))
            found[0].behave(self)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_args: object) -> None:
            """Say nothing of senders that went away."""

    server = Server(("127.0.0.1", port), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    found.append(Receiver(server.server_address[1], behave or answering(200)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield found[0]
    finally:
        server.shutdown()
        server.server_close()
