"""What the gateway and the API say no to, each with its status and in the one shape."""

import socket
from collections.abc import Iterator

import httpx
import pytest
from psycopg_pool import PoolTimeout

from api.app import build_app
from tests.api.events import page_view
from tests.api.serving import TOKEN, address_of, holding, post_until, serving, settings

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """An API that reaches nothing: these requests are refused before that matters."""
    app = build_app(
        settings(max_body_bytes=100_000, max_in_flight_bytes=200_000, max_batch_events=10)
    )
    with serving(app) as served:
        yield served


def assert_problem(answer: httpx.Response, status: int, kind: str | None) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    expected = None if kind is None else f"urn:roundtable:problem:{kind}"
    assert problem.get("type") == expected


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[", b"nonsense", b'[{"a":1},]', b'[{"a":1}', b"[" * 100_00]
)
def test_a_body_that_is_no_json_is_a_bad_request(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/v1/events", content=body, headers=JSON)

    assert_problem(answer, 400, "malformed-body")


@pytest.mark.parametrize(
    "media_type",
    ["text/csv", "application/xml", "application/cloudevents+avro", "application/json; charset=x"],
)
def test_other_media_types_are_not_understood(client: httpx.Client, media_type: str) -> None:
    answer = client.post("/v1/events", content=b"{}", headers={"Content-Type": media_type})

    assert_problem(answer, 415, "wrong-media-type")


def test_a_compressed_body_is_not_understood(client: httpx.Client) -> None:
    answer = client.post("/v1/events", content=b"x", headers=JSON | {"Content-Encoding": "gzip"})

    assert_problem(answer, 415, "wrong-media-type")
    assert answer.headers["accept-encoding"] == "identity"


def test_a_body_over_the_limit_is_refused_before_it_is_sent(client: httpx.Client) -> None:
    head = (
        "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Length: 100001\r\n\r\n"
    )
    with socket.create_connection(address_of(client), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(4_096)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer


def test_a_body_that_grows_over_the_limit_is_refused(client: httpx.Client) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(20):
            yield b" " * 10_000

    try:
        answer = client.post("/v1/events", content=chunks(), headers=JSON)
    except httpx.WriteError:
        pytest.fail("the answer has to arrive before the connection closes")

    assert_problem(answer, 413, "too-large")


def test_more_events_than_the_limit_are_refused(client: httpx.Client) -> None:
    answer = client.post("/v1/events", json=[page_view(f"e{n}") for n in range(11)])

    assert_problem(answer, 413, "too-large")
    assert "at most 10" in answer.json()["detail"]


def test_a_queue_before_a_log_that_does_not_move_is_cut_short(client: httpx.Client) -> None:
    with holding(client, requests=2, size=100_000):
        answer = post_until(client, lambda found: "not_taken" not in found.json())

    assert_problem(answer, 503, "not-taken")
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"]
)
def test_without_the_token_nothing_is_answered(client: httpx.Client, authorization: str) -> None:
    answer = client.post(
        "/v1/events", json=page_view("e1"), headers={"Authorization": authorization}
    )

    assert_problem(answer, 401, "token-required")
    assert answer.headers["www-authenticate"] == 'Bearer realm="roundtable"'


def test_the_name_of_the_scheme_may_be_written_in_any_case(client: httpx.Client) -> None:
    answer = client.get("/v1/nothing", headers={"Authorization": f"bearer {TOKEN}"})

    assert answer.status_code == 404


def test_health_and_the_description_of_the_api_are_open(client: httpx.Client) -> None:
    without_token = httpx.Client(base_url=client.base_url, trust_env=False)
    with without_token:
        assert without_token.get("/healthz").json() == {"status": "alive", "process": 1}
        assert "/v1/events" in without_token.get("/openapi.json").json()["paths"]
        assert without_token.get("/readyz").status_code == 503


def test_readiness_names_every_part_that_is_not_ready(client: httpx.Client) -> None:
    answer = client.get("/readyz")

    assert_problem(answer, 503, "not-ready")
    assert answer.json()["trouble"] == {
        "kafka": "there is no connection to Kafka; the API's log says why",
        "postgresql": "PostgreSQL does not answer",
    }


def test_an_unknown_path_is_a_problem(client: httpx.Client) -> None:
    assert_problem(client.get("/v1/nothing"), 404, None)


def test_a_wrong_method_is_a_problem_that_names_the_right_one(client: httpx.Client) -> None:
    answer = client.delete("/v1/events")

    assert_problem(answer, 405, None)
    assert answer.headers["allow"] == "POST"


def test_a_failure_is_a_problem_that_gives_nothing_away() -> None:
    app = build_app(settings())

    @app.get("/v1/broken")
    async def broken() -> None:
        raise RuntimeError("a secret")

    with serving(app) as client:
        answer = client.get("/v1/broken")

    assert_problem(answer, 500, "internal-error")
    assert "secret" not in answer.text


def test_a_pool_without_a_free_connection_is_a_problem_that_says_when_to_come_back() -> None:
    app = build_app(settings())

    @app.get("/v1/waiting")
    async def waiting() -> None:
        raise PoolTimeout("couldn't get a connection after 5.00 sec")

    with serving(app) as client:
        answer = client.get("/v1/waiting")

    assert_problem(answer, 503, "database-unreachable")
    assert int(answer.headers["retry-after"]) > 0
