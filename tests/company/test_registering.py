"""Registering over HTTP: safe to repeat, and a refusal is a sentence."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cli.registering import RegistrationError, register

METRIC: dict[str, Any] = {"key": "m"}
EXPERIMENT: dict[str, Any] = {"key": "e"}


class Registry:
    """A registry over HTTP that remembers keys; `refusing` names a path that it says no to."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.known: set[str] = set()
        self.refusing = ""
        self.url = ""

    def answer(self, method: str, path: str, body: bytes) -> int:
        self.calls.append(f"{method} {path}")
        if path == self.refusing:
            return 422
        if method == "GET":
            return 200 if path in self.known else 404
        if not path.endswith("/start"):
            self.known.add(f"{path}/{json.loads(body)['key']}")
        return 201


@pytest.fixture
def registry() -> Iterator[Registry]:
    found = Registry()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status = found.answer(self.command, self.path, body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps({"title": "No", "status": status}).encode())

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def test_metrics_come_before_the_experiments_that_use_them(registry: Registry) -> None:
    register(registry.url, "t", [METRIC], [EXPERIMENT])

    assert registry.calls == [
        "POST /v1/metrics",
        "GET /v1/experiments/e",
        "POST /v1/experiments",
        "POST /v1/experiments/e/start",
    ]


def test_an_experiment_that_is_there_is_left_as_it_is(registry: Registry) -> None:
    register(registry.url, "t", [METRIC], [EXPERIMENT])
    registry.calls.clear()

    register(registry.url, "t", [METRIC], [EXPERIMENT])

    assert registry.calls == ["POST /v1/metrics", "GET /v1/experiments/e"]


@pytest.mark.parametrize("path", ["/v1/metrics", "/v1/experiments/e", "/v1/experiments/e/start"])
def test_a_refusal_names_its_place_and_its_reason(path: str, registry: Registry) -> None:
    registry.refusing = path

    with pytest.raises(RegistrationError, match=f"The API refused {path}: 422 No"):
        register(registry.url, "t", [METRIC], [EXPERIMENT])


def test_an_api_that_does_not_answer_is_named() -> None:
    with pytest.raises(RegistrationError, match=r"127\.0\.0\.1:1 does not answer"):
        register("http://127.0.0.1:1", "t", [METRIC], [])
