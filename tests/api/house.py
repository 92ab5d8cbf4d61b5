"""A house with people: everybody signs in over HTTP, each in a browser of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import psycopg
from fastapi import FastAPI

from api.passwords import Passwords
from tests.api.serving import open_client

PASSWORD = "correct horse battery staple"
SIDE_OF_ROLE = {"marketer": "marketing", "seller": "sales"}


def person(name: str, /, *roles: str, **changes: Any) -> dict[str, Any]:
    """What a steward writes down of a person with these roles."""
    sides = [SIDE_OF_ROLE[role] for role in roles if role in SIDE_OF_ROLE]
    return {
        "name": name.title(),
        "side": sides[0] if sides else "neutral",
        "roles": list(roles),
        "email": f"{name}@house.example",
        **changes,
    }


@dataclass
class Browser:
    """Keeps cookies, says where its pages come from, and shows the token of its session."""

    client: httpx.Client
    csrf_token: str | None = None

    @property
    def origin(self) -> str:
        """Where the pages are."""
        return str(self.client.base_url).rstrip("/")

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Read."""
        return self.client.get(path, **more)

    def send(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """Send as a page of ours does; `headers` come instead."""
        if headers is None:
            headers = {"Origin": self.origin}
            if self.csrf_token is not None:
                headers["X-CSRF-Token"] = self.csrf_token
        return self.client.request(method, path, headers=headers, **more)

    def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        """Sign in with a password; where it works, everything from now on shows the token."""
        body = {"email": f"{name}@house.example", "password": password}
        return self._noting_token(self.send("POST", "/v1/sign-in", json=body))

    def accept(self, invitation: str, password: str = PASSWORD) -> httpx.Response:
        """Choose a password with an invitation."""
        body = {"invitation": invitation, "password": password}
        return self._noting_token(self.send("POST", "/v1/sign-in/invitation", json=body))

    def who(self) -> Any:
        """Whom the API takes this browser for."""
        return self.get("/v1/session").json()

    def cookie(self) -> str:
        """The secret of the session."""
        (found,) = [c.value for c in self.client.cookies.jar if "session" in c.name]
        assert found is not None
        return found

    def _noting_token(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            self.csrf_token = answer.json()["csrf_token"]
        return answer


@dataclass
class House:
    """An API whose inside a test may look at; `client` shows the deployment token."""

    app: FastAPI
    client: httpx.Client
    database: str
    ids: dict[str, str] = field(default_factory=dict)

    def hash_at_full_cost(self) -> None:
        """Hash passwords as outside of tests."""
        self.app.state.entrance = replace(self.app.state.entrance, passwords=Passwords())

    def invite(self, name: str, *roles: str, **changes: Any) -> str:
        """Add a person; return the invitation."""
        answer = self.client.post("/v1/people", json=person(name, *roles, **changes))
        assert answer.status_code == 201, answer.text
        self.ids[name] = answer.json()["person"]["id"]
        invitation: str = answer.json()["invitation"]["invitation"]
        return invitation

    @contextmanager
    def browser(self, **more: Any) -> Iterator[Browser]:
        """Open a browser in which nobody is signed in."""
        with open_client(self.client.base_url, **more) as client:
            yield Browser(client)

    @contextmanager
    def signed_in(self, name: str, *roles: str, **changes: Any) -> Iterator[Browser]:
        """Add a person and open the browser in which they are signed in."""
        with self.browser() as browser:
            assert browser.accept(self.invite(name, *roles, **changes)).status_code == 200
            yield browser

    @contextmanager
    def machine(self, *scopes: str) -> Iterator[httpx.Client]:
        """Make a token and open a client that shows it."""
        made = self.client.post("/v1/tokens", json={"name": "A machine", "scopes": scopes})
        assert made.status_code == 201, made.text
        authorization = {"Authorization": f"Bearer {made.json()['secret']}"}
        with open_client(self.client.base_url, headers=authorization) as client:
            self.ids["machine"] = made.json()["token"]["id"]
            yield client

    def sql(self, statement: str, *values: object) -> Sequence[Any]:
        """Change or look at what is stored, past the API."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def let_time_pass(self) -> None:
        """Let the API ask the database again, as it does by itself after a few seconds."""
        self.app.state.entrance.identities.forget()


def run(coroutine: Any) -> Any:
    """Run a coroutine of a test without a server."""
    return asyncio.run(coroutine)
