"""People are added, invited, listed and disabled from a shell, and tokens made, over the API."""

import json
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from argon2 import profiles

from api.app import build_app
from api.passwords import Passwords
from cli import api_client
from cli.main import main
from tests.api.serving import TOKEN, serving, settings, wait_for

PASSWORD = "correct horse battery staple"
ADA = ("people", "add", "Ada", "--email", "ada@house.example", "--side", "neutral")
NOWHERE = ("--url", "http://127.0.0.1:1", "--token", "t", "--data-dir", "nowhere")


@pytest.fixture
def url(database: str) -> Iterator[str]:
    """Where an API listens to which nobody was added yet."""
    app = build_app(settings(database=database))
    app.state.entrance = replace(app.state.entrance, passwords=Passwords(profiles.CHEAPEST))
    with serving(app) as client:
        wait_for(lambda: client.get("/v1/people").status_code == 200)
        client.post("/v1/teams", json={"key": "growth", "name": "Growth", "side": "marketing"})
        yield str(client.base_url).rstrip("/")


def asked(url: str, *words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Run a command with the deployment token; return its code and what it said."""
    where = ("--url", url, "--token", TOKEN, "--data-dir", "nowhere")
    code = main([*words, *where])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def accepted(url: str, secret: str) -> int:
    body = {"invitation": secret, "password": PASSWORD}
    where = f"{url}/v1/sign-in/invitation"
    answer = httpx.post(where, json=body, headers={"Origin": url}, trust_env=False)
    return answer.status_code


@pytest.mark.stack
def test_a_person_is_added_invited_listed_and_disabled(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_client, "PAGE", 1)  # everybody is found, on however many pages
    _, added, _ = asked(url, *ADA, "--role", "steward", capsys=capsys)
    link = added.splitlines()[1]
    secret = link.removeprefix(f"{url}/sign-in#invitation=")
    _, again, _ = asked(
        url, "people", "invite", "Ada", "--public-url", "https://t.example/", capsys=capsys
    )
    renewed = again.splitlines()[0].removeprefix("https://t.example/sign-in#invitation=")
    signed_in = (accepted(url, secret), accepted(url, renewed))
    bea = ("people", "add", "Bea", "--email", "bea@house.example", "--side", "marketing")
    more = ("--role", "marketer", "--role", "leader", "--team", "growth")
    asked(url, *bea, *more, capsys=capsys)
    asked(url, "people", "disable", "Bea", capsys=capsys)
    _, table, _ = asked(url, "people", "list", capsys=capsys)
    _, listed, _ = asked(url, "people", "list", "--json", capsys=capsys)

    assert added.splitlines()[0].endswith("Ada added")
    assert "This is for Ada alone" in added
    assert signed_in == (401, 200)
    people = {one["name"]: one for one in json.loads(listed)}
    assert people["Ada"]["signs_in_with"] == "password"
    assert people["Bea"]["is_active"] is False
    assert (people["Bea"]["roles"], people["Bea"]["teams"]) == (["marketer", "leader"], ["growth"])
    assert [line.split()[-1] for line in table.splitlines()[1:]].count("disabled") == 1
    assert "house.example" not in listed


@pytest.mark.stack
def test_a_token_is_made_listed_and_revoked(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    scopes = ("--scope", "events:write", "--scope", "registry:read", "--days", "7")
    _, made, _ = asked(url, "tokens", "make", "The CRM", *scopes, capsys=capsys)
    token, secret = made.splitlines()[0].split()[0], made.splitlines()[1]
    bearer = {"Authorization": f"Bearer {secret}"}
    before = httpx.get(f"{url}/v1/metrics", headers=bearer, trust_env=False).status_code
    _, table, _ = asked(url, "tokens", "list", capsys=capsys)
    _, revoked, _ = asked(url, "tokens", "revoke", token, capsys=capsys)
    after = httpx.get(f"{url}/v1/metrics", headers=bearer, trust_env=False).status_code
    _, listed, _ = asked(url, "tokens", "list", "--json", capsys=capsys)

    assert (before, after) == (200, 401)
    assert "events:write" in table
    assert token in table
    assert secret not in table + listed
    assert revoked == f"{token} The CRM revoked\n"
    assert json.loads(listed)[0]["revoked_at"] is not None


@pytest.mark.stack
def test_what_is_refused_is_said_with_its_field_and_ends_with_2(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*words: str) -> str:
        code, _, said = asked(url, *words, capsys=capsys)
        assert code == 2
        return said

    wrong_team = refused(*ADA, "--role", "steward", "--team", "unheard-of")
    wrong_side = refused(*ADA, "--role", "seller")
    no_address = refused(
        "people", "add", "X", "--email", "x", "--side", "sales", "--role", "seller"
    )
    for _ in range(2):
        asked(url, *ADA, "--role", "steward", capsys=capsys)
    taken = refused(*ADA, "--role", "steward")
    nobody = refused("people", "disable", "Nobody")
    other = ("people", "add", "Ada", "--email", "b@house.example", "--side", "sales")
    asked(url, *other, "--role", "seller", capsys=capsys)
    which = refused("people", "invite", "Ada")
    no_token = refused("tokens", "revoke", "t-0000000000000000")

    assert "there is no team 'unheard-of'" in wrong_team
    assert "a seller works for sales" in wrong_side
    assert "email: " in no_address
    assert "Another person signs in with this address" in taken
    assert "Nobody has the id or the name 'Nobody'" in nobody
    assert "Several people are called 'Ada'" in which
    assert which.count("p-") == 2
    assert "no token has the id" in no_token


@pytest.mark.parametrize("words", [("people", "list"), ("tokens", "list")])
def test_an_api_that_does_not_answer_is_named(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, *NOWHERE]) == 2
    assert "127.0.0.1:1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("people", "add", "Ada", "--side", "neutral", "--role", "steward"),
        (*ADA, "--role", "boss"),
        ("tokens", "make", "x", "--scope", "reviews:write"),
        ("people",),
    ],
)
def test_what_is_missing_or_unknown_is_refused_before_anything_is_sent(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, *NOWHERE])

    assert ended.value.code == 2
    assert "usage: roundtable" in capsys.readouterr().err


@pytest.mark.parametrize("body", ["<html>Bad gateway</html>", "[]", "{}"])
def test_an_answer_of_something_else_on_the_way_is_a_sentence(body: str) -> None:
    answer = httpx.Response(502, text=body, request=httpx.Request("GET", "https://proxy.example/"))

    with pytest.raises(api_client.ApiError, match=r"proxy\.example answered 502"):
        api_client._raise_refusal(answer)
