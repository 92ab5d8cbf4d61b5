"""A Maven repository on the loopback interface that serves, refuses and counts as a test wants."""

import base64
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class HttpRepository:
    """What is served by path, which answers come first, and what was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    failures: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, authorization: str | None) -> tuple[int, bytes]:
        self.asked.append(path)
        if authorization:
            self.logins.append(base64.b64decode(authorization.removeprefix("Basic ")).decode())
        if self.failures:
            return self.failures.pop(0), b""
        content = self.files.get(path)
        return (200, content) if content is not None else (404, b"")


@contextlib.contextmanager
def serving(repository: HttpRepository) -> Iterator[HttpRepository]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            login = self.headers.get("Authorization")
            status, content = repository.answer(self.path.removeprefix("/"), login)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    repository.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield repository
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
