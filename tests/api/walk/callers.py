"""Everybody who may ask, each with the headers that a client of theirs sends."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import httpx

from schemas.scopes import Scope
from tests.api.house import Browser
from tests.api.walk.asked import Request
from tests.api.walk.whole_house import PEOPLE, WholeHouse

NOBODY = "nobody"
DEPLOYMENT = "deployment"


@dataclass(frozen=True)
class Caller:
    """Somebody who asks; `role` is a person's, `scope` the only one of a machine."""

    name: str
    headers: Mapping[str, str]
    role: str | None = None
    scope: Scope | None = None


def callers_of(whole: WholeHouse) -> list[Caller]:
    """Return everybody."""
    return [
        Caller(NOBODY, {}),
        *(Caller(name, _of(browser), role=PEOPLE[name][1]) for name, browser in _people(whole)),
        *(
            Caller(f"machine with {scope.value}", _authorisation(client), scope=scope)
            for scope, client in whole.machines.items()
        ),
        Caller(DEPLOYMENT, _authorisation(whole.house.client)),
    ]


def _people(whole: WholeHouse) -> Iterator[tuple[str, Browser]]:
    return iter(whole.people.items())


def _of(browser: Browser) -> dict[str, str]:
    cookie = "; ".join(f"{one.name}={one.value}" for one in browser.client.cookies.jar)
    return {"Cookie": cookie, "Origin": browser.origin, "X-CSRF-Token": str(browser.csrf_token)}


def _authorisation(client: httpx.Client) -> dict[str, str]:
    return {"Authorization": client.headers["Authorization"]}


@dataclass(frozen=True)
class Answer:
    """What came back; of a stream, its first reading."""

    status: int
    content_type: str
    body: Any


@dataclass
class Line:
    """One connection that all callers use; it keeps no cookie, so that nobody becomes another."""

    client: httpx.Client
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, caller: Caller, request: Request) -> Answer:
        """Send this request as this caller."""
        sent = self.client.build_request(
            request.method,
            request.path,
            headers=dict(caller.headers),
            params=request.query,
            json=request.body,
        )
        with closing(self.client.send(sent, stream=True)) as answer:
            found = _read(answer)
        self.client.cookies.clear()
        return found


def _read(answer: httpx.Response) -> Answer:
    content_type = answer.headers.get("content-type", "")
    if content_type.startswith("text/event-stream"):
        line = next(line for line in answer.iter_lines() if line.startswith("data: "))
        return Answer(answer.status_code, content_type, json.loads(line.removeprefix("data: ")))
    answer.read()
    is_json = answer.content and "json" in content_type
    return Answer(answer.status_code, content_type, answer.json() if is_json else None)
