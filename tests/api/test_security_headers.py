"""Every answer carries the headers that browsers need, failures and refusals as well."""

from collections.abc import Iterator

import httpx
import pytest
from starlette.responses import HTMLResponse, PlainTextResponse

from api.app import build_app
from api.security_headers import ALWAYS, DATA_POLICY, PAGE_POLICY
from api.sign_in_settings import SignInSettings
from tests.api.serving import TOKEN, serving, settings

OWN_POLICY = "default-src 'self'; frame-ancestors 'none'"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    app = build_app(settings(max_body_bytes=100_000))

    @app.get("/v1/broken")
    async def broken() -> None:
        raise RuntimeError

    @app.get("/v1/page")
    async def page() -> HTMLResponse:
        return HTMLResponse("<p>")

    @app.get("/v1/own")
    async def own() -> PlainTextResponse:
        return PlainTextResponse("", headers={"Content-Security-Policy": OWN_POLICY})

    with serving(app) as served:
        yield served


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/v1/nothing", 404),
        ("DELETE", "/v1/events", 405),
        ("GET", "/v1/broken", 500),
        ("GET", "/v1/metrics", 503),
        ("POST", "/v1/events", 415),
    ],
)
def test_whatever_is_answered_carries_them(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    # A server closes the connection on which it failed; the next request is not to meet that.
    answer = client.request(method, path, headers={"Connection": "close"})

    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
    assert answer.headers["content-security-policy"] == DATA_POLICY
    assert "strict-transport-security" not in answer.headers


def test_a_refusal_carries_them(client: httpx.Client) -> None:
    answers = [
        client.get("/v1/metrics", headers={"Authorization": ""}),
        client.post("/v1/events", content=b" " * 100_001),
    ]

    assert [answer.status_code for answer in answers] == [401, 413]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_page_may_load_what_is_our_own_and_an_answer_may_say_it_itself(
    client: httpx.Client,
) -> None:
    page, own = client.get("/v1/page"), client.get("/v1/own")

    assert page.headers["content-security-policy"] == PAGE_POLICY
    assert "unsafe" not in PAGE_POLICY
    assert own.headers.get_list("content-security-policy") == [OWN_POLICY]


def test_browsers_are_told_to_come_by_tls_alone_where_they_do() -> None:
    chosen = SignInSettings(public_url="https://roundtable.example")
    with serving(build_app(settings(sign_in=chosen))) as client:
        answer = client.get("/healthz")

    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_the_id_of_a_request_is_kept_and_made_where_there_is_none(client: httpx.Client) -> None:
    kept = client.get("/healthz", headers={"X-Request-ID": "proxy-4711.a_b"})
    made = [client.get("/healthz").headers["x-request-id"] for _ in range(2)]

    assert kept.headers["x-request-id"] == "proxy-4711.a_b"
    assert made[0] != made[1]
    assert len(made[0]) == 16


@pytest.mark.parametrize("given", ["short", "x" * 65, "a b c d e f", "<script>alert</script>", ""])
def test_an_id_that_could_do_harm_is_replaced(client: httpx.Client, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": given})

    assert answer.headers["x-request-id"] != given


def test_the_deployment_token_is_in_no_header(client: httpx.Client) -> None:
    assert TOKEN not in str(client.get("/healthz").headers)
