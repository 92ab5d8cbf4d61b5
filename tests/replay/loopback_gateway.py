"""A real HTTP server that answers as the gateway does; tests say where it shall make trouble."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Events = list[dict[str, Any]]
Script = Callable[[int, Events], tuple[int, dict[str, str]] | None]
"""Given the number of the request and its events: a status with headers, or None to take them."""


@dataclass
class LoopbackGateway:
    """What arrived, and what the script answers."""

    script: Script = lambda _number, _events: None
    taken: list[Events] = field(default_factory=list)
    requests: int = 0
    tokens: set[str] = field(default_factory=set)
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ids(self) -> list[str]:
        """The ids that were taken, as often as they came."""
        with self._lock:
            return [event["id"] for batch in self.taken for event in batch]

    def answer(self, events: Events, token: str) -> tuple[int, dict[str, str], bytes]:
        with self._lock:
            self.requests += 1
            self.tokens.add(token)
            trouble = self.script(self.requests, events)
            if trouble is not None:
                status, headers = trouble
                return status, headers, json.dumps({"title": "Trouble", "status": status}).encode()
            verdicts = [_verdict(index, event) for index, event in enumerate(events)]
            self.taken.append([e for e, v in zip(events, verdicts, strict=True) if "rule" not in v])
            status = 202 if any("rule" not in v for v in verdicts) else 422
            return status, {}, json.dumps({"verdicts": verdicts}).encode()


def _verdict(index: int, event: dict[str, Any]) -> dict[str, Any]:
    """Refuse what a test marks as refused."""
    if event["data"].get("refused"):
        return {"index": index, "verdict": "refused", "field": "data.refused", "rule": "schema"}
    return {"index": index, "verdict": "accepted", "id": event["id"], "source": event["source"]}


@contextmanager
def loopback_gateway(script: Script | None = None) -> Iterator[LoopbackGateway]:
    gateway = LoopbackGateway(script) if script else LoopbackGateway()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            token = self.headers["authorization"]
            status, headers, answer = gateway.answer(json.loads(body), token)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
