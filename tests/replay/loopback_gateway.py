"""A real HTTP server that answers as the gateway does; tests say where it shall make trouble.

A batch that is no JSON array is answered with 400 as a whole, as the contract of the API says.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

Events = list[dict[str, Any]]
Script = Callable[[int, Events], tuple[int, dict[str, str]] | None]
"""Given the number of the request and its events: a status with headers, or None to take them."""


Judge = Callable[[bytes], dict[str, str] | None]
"""Given an event as it was sent: None to accept it, else the field and the rule that refuse it."""


def refuse_marked(raw: bytes) -> dict[str, str] | None:
    """Refuse what a test marks as refused."""
    marked = json.loads(raw)["data"].get("refused")
    return {"field": "data.refused", "rule": "schema"} if marked else None


@dataclass
class LoopbackGateway:
    """What arrived, and what the script answers."""

    script: Script = lambda _number, _events: None
    judge: Judge = refuse_marked
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

    def answer(self, body: bytes, token: str) -> tuple[int, dict[str, str], bytes]:
        with self._lock:
            self.requests += 1
            self.tokens.add(token)
            try:
                raws = [bytes(raw) for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]
            except msgspec.DecodeError:
                return _problem(400, {}, rule="malformed_json")
            trouble = self.script(self.requests, [_readable(raw) for raw in raws])
            if trouble is not None:
                return _problem(*trouble)
            return self._take(raws)

    def _take(self, raws: list[bytes]) -> tuple[int, dict[str, str], bytes]:
        refusals = [self.judge(raw) for raw in raws]
        self.taken.append(
            [_readable(raw) for raw, refusal in zip(raws, refusals, strict=True) if not refusal]
        )
        verdicts = [
            {"index": index, "verdict": "refused" if refusal else "accepted", **(refusal or {})}
            for index, refusal in enumerate(refusals)
        ]
        return 422 if all(refusals) else 202, {}, json.dumps({"verdicts": verdicts}).encode()


def _problem(
    status: int, headers: dict[str, str], **more: str
) -> tuple[int, dict[str, str], bytes]:
    return status, headers, json.dumps({"title": "Trouble", "status": status, **more}).encode()


def _readable(raw: bytes) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(raw.decode(errors="replace"))
    return event


@contextmanager
def loopback_gateway(
    script: Script | None = None, judge: Judge = refuse_marked
) -> Iterator[LoopbackGateway]:
    gateway = LoopbackGateway(judge=judge)
    if script is not None:
        gateway.script = script

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            token = self.headers["authorization"]
            status, headers, answer = gateway.answer(body, token)
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
