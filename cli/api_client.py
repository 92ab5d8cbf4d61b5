"""Speaks to the API for commands: a refusal, or no answer, is a sentence and never a trace."""

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
PAGE = 500


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

    def people(self) -> Sequence[Document]:
        """Return everybody, by id."""
        return self._every("/v1/people", "people")

    def add_person(self, draft: Document) -> Document:
        """Add a person; return them with their invitation."""
        return self._sent("POST", "/v1/people", draft)

    def change_person(self, person: str, change: Document) -> Document:
        """Let a person stand as written."""
        return self._sent("PUT", f"/v1/people/{person}", change)

    def invite(self, person: str) -> Document:
        """Invite a person anew; return the invitation."""
        return self._sent("POST", f"/v1/people/{person}/invitation", None)

    def tokens(self) -> Sequence[Document]:
        """Return every token, without its secret."""
        return self._every("/v1/tokens", "tokens")

    def make_token(self, draft: Document) -> Document:
        """Make a token; return it with its secret."""
        return self._sent("POST", "/v1/tokens", draft)

    def revoke_token(self, token: str) -> Document:
        """Put a token out of force."""
        return self._sent("DELETE", f"/v1/tokens/{token}", None)

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

    def _every(self, path: str, name: str) -> Sequence[Document]:
        """Read all pages of a list."""
        found: list[Document] = []
        after = ""
        while True:
            page = self._get(path, after=after, limit=str(PAGE))
            found += page[name]
            if page["next"] is None:
                return found
            after = page["next"]

    def _sent(self, method: str, path: str, body: Document | None) -> Document:
        found: Document = self._asked(method, path, json=body).json()
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
    try:
        problem = answer.json()
        said = problem.get("detail") or problem["title"]
    except (ValueError, KeyError, AttributeError):
        # Whatever stands in front of the API may answer in its own way.
        raise ApiError(f"{answer.url.host} answered {answer.status_code}.") from None
    raise ApiError(f"{said} ({answer.status_code})")
