"""Whatever the OpenAPI document lets be sent, the API answers as the document says, to everybody.

The brief search repeats itself in every run; `--hypothesis-profile default` searches anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, nullcontext
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core import NOT_SET
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import build_app
from tests.api import serving
from tests.api.serving import open_client
from tests.api.walk.asked import names_in, request_to
from tests.api.walk.callers import Caller, callers_of
from tests.api.walk.expected import may_ask
from tests.api.walk.table import OF_EXPERIMENTS, PHASES, ROUTES
from tests.api.walk.undone import undone
from tests.api.walk.whole_house import WholeHouse, key_of

pytestmark = pytest.mark.stack

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ONE_IN = 15
"""Each example is asked by everybody, on eighty routes: fewer do than elsewhere."""
SIGNS_OUT = {"DELETE /v1/session", "DELETE /v1/sessions", "PUT /v1/session/password"}
"""What would end the sessions that all the others are asked with."""


Operation = APIOperation[Any, Any, Any, Any]


@dataclass(frozen=True)
class Described:
    """The document, read as one that names every status, and a connection to what it describes."""

    document: Any
    client: httpx.Client

    def operation(self, route: str) -> Operation:
        """What the document says of a route."""
        method, path = route.split()
        found: Operation = self.document[path][method]
        return found


@pytest.fixture(scope="module")
def described(whole: WholeHouse) -> Iterator[Described]:
    """`default` would allow every status, so it does not count here."""
    document = deepcopy(build_app(serving.settings()).openapi())
    del document["security"], document["components"]["securitySchemes"]  # callers know who they are
    for routes in document["paths"].values():
        for route in routes.values():
            del route["responses"]["default"]
            route.pop("security", None)
    address = whole.house.client.base_url
    with open_client(address) as client:
        yield Described(schemathesis.openapi.from_dict(document), client)


@pytest.mark.parametrize("route", ROUTES)
def test_who_means_it_is_answered_as_the_document_says(
    whole: WholeHouse, described: Described, route: str
) -> None:
    operation = described.operation(route)
    phases = PHASES if route in OF_EXPERIMENTS else PHASES[:1]
    with undone(whole):
        for phase in phases:
            request = request_to(route, whole, experiment=key_of("open", phase))
            case = operation.Case(
                path_parameters=names_in(operation.path, whole, key_of("open", phase)),
                query=dict(request.query or {}),
                body=NOT_SET if request.body is None else request.body,
                media_type=None if request.body is None else "application/json",
            )
            let_in = _let_in(route, whole)
            # Everybody once; in the other phases the first and the last, who see most.
            for caller in let_in if phase == phases[-1] else (let_in[0], let_in[-1]):
                _check(described.client, case, caller)


@pytest.mark.parametrize("route", ROUTES)
def test_whatever_is_sent_is_answered_as_the_document_says(
    whole: WholeHouse, described: Described, route: str
) -> None:
    refused = [caller for caller in callers_of(whole) if not may_ask(route, caller)]

    @settings(
        max_examples=max(2, settings().max_examples // ONE_IN),
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_cases(described.operation(route), whole))
    def ask(case: Case) -> None:
        for caller in [*refused, *_let_in(route, whole)]:
            _check(described.client, case, caller)
        refused.clear()  # they are refused whatever they send

    with undone(whole) if route in SIGNS_OUT else nullcontext():
        ask()


def _cases(operation: Operation, whole: WholeHouse) -> Any:
    """Requests as described and requests that are not, about what is there and what is not."""
    keys = [key_of("workshop", phase) for phase in PHASES]
    there = st.sampled_from(keys).map(lambda key: names_in(operation.path, whole, key))
    right = there.flatmap(lambda names: operation.as_strategy(path_parameters=names))
    wrong = operation.as_strategy(GenerationMode.NEGATIVE)
    return right | operation.as_strategy() | wrong


def _let_in(route: str, whole: WholeHouse) -> list[Caller]:
    return [caller for caller in callers_of(whole) if may_ask(route, caller)]


def _check(client: httpx.Client, case: Case, caller: Caller) -> None:
    asked = case.as_transport_kwargs(headers=dict(caller.headers))
    del asked["cookies"]
    headers = {name: str(value).encode() for name, value in asked.pop("headers").items()}
    try:
        sent = client.build_request(headers=headers, content=asked.pop("data", None), **asked)
    except httpx.InvalidURL:
        reject()  # no client sends so long an address
    with closing(client.send(sent, stream=True)) as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            answer.read()
            case.validate_response(answer, checks=CHECKS)
    client.cookies.clear()
