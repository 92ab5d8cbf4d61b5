"""Reads from the API: results once, or as they change; a refusal is a sentence, never a trace."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import httpx

from cli.replaying.destination import GatewayAddress
from cli.stack_error import StackError

Document = Mapping[str, Any]

ANSWER_SECONDS = 30.0


class ApiError(StackError):
    """The API does not answer, or refuses; the message says which and why."""


class ApiClient:
    """One connection to one API, with its token."""

    def __init__(self, client: httpx.Client) -> None:
        """Take an open client; `connected` makes one."""
        self._client = client

    def experiments(self) -> list[str]:
        """Return the keys of the first page of experiments."""
        return [found["key"] for found in self._get("/v1/experiments")["experiments"]]

    def event_types(self) -> Sequence[Document]:
        """Return the newest version of every registered event type."""
        found: Sequence[Document] = self._get("/v1/event-types")["event_types"]
        return found

    def register_event_type(self, draft: Document) -> tuple[Document, bool]:
        """Register an event type; return it, and whether this version is new."""
        answer = self._asked("POST", "/v1/event-types", json=draft)
        found: Document = answer.json()
        return found, answer.status_code == HTTPStatus.CREATED

    def results(self, key: str, language: str = "en") -> Document:
        """Return the results of one experiment."""
        return self._get(f"/v1/experiments/{key}/results", language=language)

    def follow(self, key: str, language: str = "en") -> Iterator[Document]:
        """Yield the results now, and each newer ones as they arrive."""
        path = f"/v1/experiments/{key}/stream"
        # No limit between two lines: the heartbeat is the server's affair.
        with self._client.stream(
            "GET", path, params={"language": language}, timeout=None
        ) as answer:
            if answer.is_error:
                answer.read()
            _raise_refusal(answer)
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))

    def _get(self, path: str, **parameters: str) -> Document:
        found: Document = self._asked("GET", path, params=parameters).json()
        return found

    def _asked(self, method: str, path: str, **content: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, path, **content)
        except httpx.TransportError as error:
            raise ApiError(
                f"The API at {self._client.base_url} does not answer ({type(error).__name__})."
            ) from error
        _raise_refusal(answer)
        return answer


@contextmanager
def connected(address: GatewayAddress) -> Iterator[ApiClient]:
    """Open a client for the length of a block."""
    headers = {"authorization": f"Bearer {address.token}"}
    with httpx.Client(
        base_url=address.url, headers=headers, timeout=ANSWER_SECONDS, trust_env=False
    ) as client:
        yield ApiClient(client)


def _raise_refusal(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    problem = answer.json()
    raise ApiError(f"{problem.get('detail') or problem['title']} ({answer.status_code})")
