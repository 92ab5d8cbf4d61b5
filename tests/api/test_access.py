"""Who is let in to what: every route says what it needs, and whoever lacks it is refused."""

import json
import socket
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from api import access, stream
from api.app import ROUTERS, build_app
from api.identities import Identities
from api.rate_limits import Rate
from api.requirements import KNOWN, OPEN, REQUIREMENTS
from tests.api.company import Company, exposure
from tests.api.house import House
from tests.api.resources import metric
from tests.api.serving import address_of, serving, settings, wait_for

STREAM = "/v1/experiments/spring-mail/stream"


def routes_served() -> set[str]:
    return {
        f"{method} {route.path}"
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }


def assert_refused(answer: httpx.Response, status: int, kind: str) -> None:
    assert (answer.status_code, answer.json()["type"]) == (
        status,
        f"urn:roundtable:problem:{kind}",
    ), answer.text


def test_every_route_says_what_it_needs_and_nothing_is_said_of_routes_that_are_gone() -> None:
    declared = set(REQUIREMENTS) - {"GET /openapi.json"}

    assert declared == routes_served()


def test_no_path_is_open_by_one_method_and_closed_by_another() -> None:
    open_paths = {r.split()[1] for r, needed in REQUIREMENTS.items() if needed.is_open}
    closed_paths = {r.split()[1] for r, needed in REQUIREMENTS.items() if not needed.is_open}

    assert open_paths & closed_paths == set()
    assert not any("{" in path for path in open_paths)


def test_what_is_open_is_health_and_the_way_in() -> None:
    found = {route for route, needed in REQUIREMENTS.items() if needed is OPEN}

    assert found == {
        "GET /healthz",
        "GET /readyz",
        "GET /openapi.json",
        "GET /v1/sign-in",
        "POST /v1/sign-in",
        "POST /v1/sign-in/invitation",
        "POST /v1/sign-in/openid",
        "GET /v1/sign-in/openid/callback",
    }


@pytest.mark.stack
def test_a_role_that_is_taken_away_opens_nothing_any_more(house: House) -> None:
    with house.signed_in("stu", "steward") as stu:
        before = stu.get("/v1/dead-letters")
        change = {"name": "Stu", "side": "neutral", "roles": ["leader"], "is_active": True}
        house.client.put(f"/v1/people/{house.ids['stu']}", json=change).raise_for_status()
        after = stu.get("/v1/dead-letters")

    assert before.status_code == 200
    assert_refused(after, 403, "forbidden")


@pytest.mark.stack
def test_a_session_that_has_ended_is_not_let_in(house: House) -> None:
    with house.signed_in("ada", "marketer") as ada:
        assert ada.get("/v1/metrics").status_code == 200
        house.sql("UPDATE sessions SET last_seen_at = now() - interval '8 hours'")
        house.let_time_pass()
        idle = ada.get("/v1/metrics")
        house.sql("UPDATE sessions SET last_seen_at = now(), expires_at = now()")
        house.let_time_pass()
        old = ada.get("/v1/metrics")

    for answer in (idle, old):
        assert_refused(answer, 401, "token-required")


@pytest.mark.stack
def test_a_machine_reaches_what_its_token_says(house: House) -> None:
    with house.machine("registry:read") as machine:
        read = machine.get("/v1/metrics")
        written = machine.post("/v1/metrics", json=metric())
        results = machine.get("/v1/experiments/nothing/results")
        sent = machine.post("/v1/events", json=[])

    assert read.status_code == 200
    for answer in (written, results, sent):
        assert_refused(answer, 403, "forbidden")


@pytest.mark.stack
def test_a_revoked_and_an_ended_token_are_not_let_in(house: House) -> None:
    with house.machine("registry:read") as first, house.machine("registry:read") as second:
        assert (first.get("/v1/metrics").status_code, second.get("/v1/metrics").status_code) == (
            200,
            200,
        )
        house.client.delete(f"/v1/tokens/{house.ids['machine']}").raise_for_status()
        revoked = second.get("/v1/metrics")
        house.sql("UPDATE tokens SET expires_at = now()")
        house.let_time_pass()
        ended = first.get("/v1/metrics")

    for answer in (revoked, ended):
        assert_refused(answer, 401, "token-required")


@pytest.mark.stack
def test_a_token_that_is_shown_and_wrong_is_not_made_good_by_a_cookie(house: House) -> None:
    with house.signed_in("ada", "marketer") as ada:
        answer = ada.get("/v1/metrics", headers={"Authorization": "Bearer rtk_wrong"})

    assert_refused(answer, 401, "token-required")


@pytest.mark.stack
def test_what_a_browser_sends_needs_the_token_of_its_session(house: House) -> None:
    with house.signed_in("ada", "marketer") as ada, house.signed_in("bob", "marketer") as bob:
        own = {"Origin": ada.origin}

        missing = ada.send("POST", "/v1/metrics", json=metric(), headers=own)
        wrong = ada.send(
            "POST", "/v1/metrics", json=metric(), headers=own | {"X-CSRF-Token": "0" * 64}
        )
        of_another = {"X-CSRF-Token": str(bob.csrf_token)}
        other = ada.send("POST", "/v1/metrics", json=metric(), headers=own | of_another)
        right = ada.send("POST", "/v1/metrics", json=metric())

    for answer in (missing, wrong, other):
        assert_refused(answer, 403, "cross-site")
    assert right.status_code == 201


@pytest.mark.stack
def test_what_another_site_sends_is_refused_even_with_the_token(house: House) -> None:
    with house.signed_in("ada", "marketer") as ada:
        token = {"X-CSRF-Token": str(ada.csrf_token)}
        refused = [
            ada.send("POST", "/v1/metrics", json=metric(), headers=token | other)
            for other in (
                {"Origin": "https://evil.example"},
                {"Origin": "null"},
                {"Origin": ada.origin.replace("http", "https")},
                {"Origin": ada.origin + ".evil.example"},
                {"Sec-Fetch-Site": "cross-site"},
                {"Sec-Fetch-Site": "same-site"},
            )
        ]
        without = ada.send("POST", "/v1/metrics", json=metric(), headers=token)

    for answer in refused:
        assert_refused(answer, 403, "cross-site")
    assert without.status_code == 201


@pytest.mark.stack
def test_a_machine_needs_no_such_token(house: House) -> None:
    with house.machine("registry:write") as machine:
        answer = machine.post(
            "/v1/metrics", json=metric(), headers={"Origin": "https://evil.example"}
        )

    assert answer.status_code == 201


@pytest.mark.stack
def test_a_cookie_is_not_taken_by_a_name_that_only_leads_here(house: House) -> None:
    with house.signed_in("ada", "marketer") as ada:
        cookie = "; ".join(f"{c.name}={c.value}" for c in ada.client.cookies.jar)
        answer = httpx.get(
            f"{ada.origin}/v1/metrics",
            headers={"Host": "rebound.evil.example", "Cookie": cookie},
            trust_env=False,
        )

    assert_refused(answer, 401, "token-required")


@pytest.mark.stack
def test_a_browser_watches_with_its_cookie_alone(house: House) -> None:
    company = Company(house.client, house.database)
    company.start()

    with house.signed_in("ada", "marketer") as ada, ada.client.stream("GET", STREAM) as answer:
        lines = answer.iter_lines()
        first = _next_reading(lines)
        company.deliver([exposure(1, "plain")])
        second = _next_reading(lines)

    assert answer.status_code == 200
    assert [r["intake"]["exposed_units"] for r in (first, second)] == [0, 1]


@pytest.mark.stack
def test_a_stream_ends_soon_after_its_session(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "VERIFY_AGAIN_SECONDS", 0.2)
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.1)
    Company(house.client, house.database).start()

    with house.signed_in("ada", "marketer") as ada, ada.client.stream("GET", STREAM) as answer:
        lines = answer.iter_lines()
        _next_reading(lines)
        for _ in range(10):
            next(lines)  # it goes on while she is signed in
        house.client.delete(f"/v1/people/{house.ids['ada']}/sessions").raise_for_status()
        for _ in lines:
            pass

    wait_for(lambda: not house.app.state.services.readings.watched)


def _next_reading(lines: Any) -> Any:
    line = next(line for line in lines if line.startswith("data: "))
    return json.loads(line.removeprefix("data: "))


@pytest.mark.stack
def test_whoever_asks_too_often_is_told_to_wait_and_nobody_else_is(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "PERSON_RATE", Rate(per_second=0.001, at_once=5))
    with house.signed_in("ada", "marketer") as ada, house.signed_in("bob", "seller") as bob:
        answers = [ada.get("/v1/session") for _ in range(8)]
        other = bob.get("/v1/session")

    last = answers[-1]
    assert [a.status_code for a in answers[:5]] == [200] * 5
    assert_refused(last, 429, "too-many-requests")
    assert 900 < int(last.headers["retry-after"]) <= 1_000
    assert other.status_code == 200


@pytest.mark.stack
def test_the_deployment_token_is_not_slowed_down(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "MACHINE_RATE", Rate(per_second=0.001, at_once=2))
    with house.machine("registry:read") as machine:
        limited = [machine.get("/v1/session").status_code for _ in range(4)]
    free = [house.client.get("/v1/session").status_code for _ in range(10)]

    assert limited == [200, 200, 429, 429]
    assert free == [200] * 10


@pytest.mark.stack
def test_who_tries_tokens_is_stopped_and_does_not_stop_those_in_force(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "STRANGER_RATE", Rate(per_second=0.001, at_once=3))
    with house.machine("registry:read") as machine:
        assert machine.get("/v1/session").status_code == 200
        guesses = [
            machine.get("/v1/session", headers={"Authorization": f"Bearer rtk_{n}"}).status_code
            for n in range(5)
        ]
        known = machine.get("/v1/session").status_code

    assert guesses == [401, 401, 401, 429, 429]
    assert known == 200


def test_who_tries_one_session_after_another_does_not_ask_the_database_for_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def nobody(_: Identities, session_secret: str) -> None:
        asked.append(session_secret)

    monkeypatch.setattr(access, "STRANGER_RATE", Rate(per_second=0.001, at_once=3))
    monkeypatch.setattr(Identities, "person", nobody)
    with serving(build_app(settings())) as client:
        del client.headers["Authorization"]
        name = f"roundtable-session-{client.base_url.port}"

        statuses = [
            client.get("/v1/metrics", headers={"Cookie": f"{name}=guess-{n}"}).status_code
            for n in range(5)
        ]

    assert statuses == [401, 401, 401, 429, 429]
    assert asked == ["guess-0", "guess-1", "guess-2"]


@pytest.mark.stack
def test_tokens_in_force_outlive_an_outage_of_the_database_and_sessions_do_not(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house.machine("registry:read") as machine, house.signed_in("ada", "marketer") as ada:
        assert machine.get("/v1/session").status_code == 200
        assert ada.get("/v1/session").status_code == 200
        monkeypatch.setattr("api.verified.SECONDS", -1.0)
        _let_answers_age(house)
        monkeypatch.setattr(house.app.state.services.database, "_pool", None)

        known = machine.get("/v1/session")
        unknown = machine.get("/v1/session", headers={"Authorization": "Bearer rtk_new"})
        person = ada.get("/v1/session")

    assert known.status_code == 200
    for answer in (unknown, person):
        assert_refused(answer, 503, "database-unreachable")


def _let_answers_age(house: House) -> None:
    """Keep what is known, but as if it had been asked some seconds ago."""
    identities = house.app.state.entrance.identities
    for verified in (identities._tokens, identities._sessions):
        for secret_hash, known in list(verified._known.items()):
            verified._known[secret_hash] = type(known)(known.found, known.checked_at, 0.0)


@pytest.mark.stack
def test_a_route_that_nobody_declared_is_for_the_deployment_alone(house: House) -> None:
    @house.app.get("/v1/undeclared")
    async def undeclared() -> str:
        return "here"

    with house.signed_in("stu", "steward") as stu:
        answer = stu.get("/v1/undeclared")

    assert_refused(answer, 403, "forbidden")
    assert house.client.get("/v1/undeclared").json() == "here"


def test_requirements_that_only_ask_to_be_known_are_those_of_sessions() -> None:
    found = {route for route, needed in REQUIREMENTS.items() if needed is KNOWN}

    assert found == {
        "GET /v1/session",
        "DELETE /v1/session",
        "PUT /v1/session/password",
        "DELETE /v1/sessions",
    }


def test_a_host_that_is_no_host_is_refused_and_breaks_nothing() -> None:
    with serving(build_app(settings())) as client:
        head = b"GET /v1/session HTTP/1.1\r\nHost: [::1\r\nCookie: a=b\r\nConnection: close\r\n\r\n"
        with socket.create_connection(address_of(client), timeout=10) as connection:
            connection.sendall(head)
            answer = connection.recv(4_096)

    assert answer.startswith(b"HTTP/1.1 401 ")
