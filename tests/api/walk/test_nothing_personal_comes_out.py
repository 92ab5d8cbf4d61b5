"""E-mail addresses and what names an employee are sent in wherever they fit; nobody reads them.

People's own addresses are for signing in: they go in by three fields and come out nowhere either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api.no_addresses import FOR_ADDRESSES
from schemas.codec import decode_logged
from schemas.staff import STAFF_FIELDS
from tests.api.resources import metric
from tests.api.serving import open_client
from tests.api.walk.asked import Request, request_to
from tests.api.walk.callers import Answer, Caller, Line, callers_of
from tests.api.walk.expected import may_ask
from tests.api.walk.table import OF_EXPERIMENTS, PHASES, ROUTES
from tests.api.walk.taking_log import TakingLog
from tests.api.walk.whole_house import OWN_TYPE, PEOPLE, WholeHouse, key_of

pytestmark = pytest.mark.stack

WORDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=6, max_size=12)
ADDRESSES = st.builds("{}.{}@{}.example".format, WORDS, WORDS, WORDS)
STAFF = WORDS.map("rep-{}".format)
"""What a source calls an employee: recognised by its field, for it could be any word."""
PEOPLES_OWN = frozenset(f"{name}@house.example" for name, *_ in PEOPLE.values())
PLACES = ("{}", "asked by {}, today", "https://x.example/?to={}", "<{}>")
ATTRIBUTES = ("source", "id", "account", "contact", "campaign", "content", "channel", "deal")
TYPES = ("engagement.page.viewed", "lead.accepted", "experiment.exposure", OWN_TYPE["type"])


@dataclass
class Planted:
    """What was sent in, to be looked for in whatever comes out."""

    words: set[str]
    sent: list[dict[str, Any]] = field(default_factory=list)

    def found_in(self, text: str) -> set[str]:
        """Those of the words that stand in a text, however it writes its letters."""
        return {word for word in self.words if word in text.replace("%40", "@").lower()}


@st.composite
def events_with(draw: st.DrawFn) -> tuple[dict[str, Any], set[str]]:
    """An event with an address in some attributes and in its data, and staff where it is named."""
    places = st.tuples(st.sampled_from(PLACES), ADDRESSES)
    named = draw(st.dictionaries(st.sampled_from(ATTRIBUTES), places, min_size=1))
    inside, staff = draw(st.lists(places, min_size=3, max_size=3)), draw(STAFF)
    texts = [place.format(address) for place, address in inside]
    event = {
        "specversion": "1.0",
        "id": draw(WORDS),
        "source": "mail",
        "type": draw(st.sampled_from(TYPES)),
        "time": "2026-03-02T09:30:00Z",
        "account": "planted.example",
        **{name: place.format(address) for name, (place, address) in named.items()},
        "data": {
            "experiment": key_of("open", "running"),
            "variant": draw(st.sampled_from(["plain", "question", texts[0]])),
            "note": texts[0],
            "deep": [{"cc": [texts[1]], draw(st.sampled_from(sorted(STAFF_FIELDS))): staff}],
            texts[2]: 1,
            draw(st.sampled_from(["ownerId", "Owner_Email", "sales-rep"])): staff,
        },
    }
    return event, {address for _, address in (*named.values(), *inside)} | {staff}


@pytest.fixture(scope="module")
def line(whole: WholeHouse) -> Iterator[Line]:
    address = whole.house.client.base_url
    with open_client(address) as client:
        yield Line(client)


@pytest.fixture(scope="module")
def planted(whole: WholeHouse, line: Line) -> Planted:
    """Many events have come through the gateway and are stored as a worker stores them."""
    everything = Planted({*PEOPLES_OWN})
    engineer = _caller(whole, "engineer")

    @settings(deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(events_with())
    def plant(drawn: tuple[dict[str, Any], set[str]]) -> None:
        event, words = drawn
        everything.words |= words
        everything.sent.append(event)

    plant()
    answer = line.ask(engineer, Request("POST", "/v1/events", everything.sent))
    assert answer.status == 202, answer.body
    assert not everything.found_in(str(answer.body))
    _store(whole)
    return everything


def _store(whole: WholeHouse) -> None:
    log = whole.house.app.state.services.log
    assert isinstance(log, TakingLog)
    events = [decode_logged(record.value) for record in log.taken]
    assert len(events) >= settings().max_examples // 2
    whole.company.deliver(events)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.startswith("GET ")])
def test_no_answer_to_anybody_holds_what_was_sent_in(
    whole: WholeHouse, line: Line, planted: Planted, route: str
) -> None:
    for caller, answer in _answers(whole, line, route):
        assert not planted.found_in(str(answer.body)), (caller.name, answer.body)


def _answers(whole: WholeHouse, line: Line, route: str) -> Iterator[tuple[Caller, Answer]]:
    phases = PHASES if route in OF_EXPERIMENTS else PHASES[:1]
    for caller in callers_of(whole):
        if may_ask(route, caller):
            for phase in phases:
                yield (
                    caller,
                    line.ask(caller, request_to(route, whole, experiment=key_of("open", phase))),
                )


def test_what_is_looked_for_was_sent_and_is_stored_without_it(
    whole: WholeHouse, planted: Planted
) -> None:
    log = whole.house.app.state.services.log
    pseudonymous = [record for record in log.taken if b"asked by c_" in record.value]
    ((stored,),) = whole.house.sql(
        "SELECT count(*) FROM events WHERE position('asked by c_' IN data::text) > 0"
    )

    assert planted.found_in(str(planted.sent)) == planted.words - PEOPLES_OWN
    assert len(pseudonymous) >= 3
    assert stored >= 3


WRITES = [route for route in ROUTES if route.split()[0] in {"POST", "PUT", "PATCH"}]


@pytest.mark.parametrize("route", [r for r in WRITES if r != "POST /v1/events"])
def test_no_address_can_be_written_down_anywhere(whole: WholeHouse, line: Line, route: str) -> None:
    request = request_to(route, whole, experiment=key_of("open", "running"))
    if request.body is None:
        return
    for place, body in _with_address(request.body):
        sent = Request(request.method, request.path, body, request.query)
        answer = line.ask(_caller(whole, "deployment"), sent)
        if place in (FOR_ADDRESSES.get(route), "password", "current", "new", "invitation"):
            continue
        assert answer.status == 422, (place, answer.body)
        assert ADDRESS not in str(answer.body)


ADDRESS = "mia.major@acme.example"


def _with_address(body: Any) -> Iterator[tuple[str, Any]]:
    """The body again and again, each time with an address in another of its texts."""
    for name, value in body.items() if isinstance(body, dict) else enumerate(body):
        parts: Sequence[tuple[str, Any]] = []
        if isinstance(value, str):
            parts = [("", f"{value} {ADDRESS}")]
        elif isinstance(value, dict | list):
            parts = [*_with_address(value)]
        for place, changed in parts:
            copy = dict(body) if isinstance(body, dict) else [*body]
            copy[name] = changed
            yield f"{name}.{place}".rstrip("."), copy


def test_an_example_of_a_metric_names_no_employee(whole: WholeHouse, line: Line) -> None:
    event = {"type": "engagement.content.downloaded", "data": {"by": [{"Owner_ID": "rep-77"}]}}
    body = metric("with-staff", examples={"counted": [event]})

    answer = line.ask(_caller(whole, "steward"), Request("POST", "/v1/metrics", body))

    assert (answer.status, answer.body["rule"]) == (422, "staff_field")
    assert "rep-77" not in str(answer.body)


def _caller(whole: WholeHouse, name: str) -> Caller:
    return next(caller for caller in callers_of(whole) if caller.name == name)
