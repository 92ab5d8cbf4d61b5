"""Signing in with a password: who gets in, who is told nothing, and what a session is."""

import re
from collections.abc import Iterator
from http.cookies import SimpleCookie

import httpx
import pytest
from argon2 import PasswordHasher, profiles

from api import sign_in
from api.app import build_app
from api.sign_in_settings import SignInSettings
from tests.api.house import PASSWORD, Browser, House
from tests.api.serving import serving, settings, wait_for

pytestmark = pytest.mark.stack


def assert_refused(answer: httpx.Response, status: int, kind: str) -> None:
    assert (answer.status_code, answer.json()["type"]) == (
        status,
        f"urn:roundtable:problem:{kind}",
    ), answer.text


def test_the_first_steward_comes_in_by_the_deployment_token_and_adds_the_next(
    house: House,
) -> None:
    with house.signed_in("stu", "steward") as stu:
        who = stu.who()
        added = stu.send(
            "POST",
            "/v1/people",
            json={
                "name": "Sal",
                "side": "sales",
                "roles": ["seller"],
                "email": "sal@house.example",
            },
        )
        with house.browser() as browser:
            accepted = browser.accept(added.json()["invitation"]["invitation"])

    assert (who["kind"], who["name"], who["roles"]) == ("person", "Stu", ["steward"])
    assert (added.status_code, accepted.status_code) == (201, 200)


def test_a_password_lets_its_person_in_and_out_again(house: House) -> None:
    with house.signed_in("ada", "marketer"), house.browser() as browser:
        begun = browser.sign_in("ada")
        who = browser.who()
        out = browser.send("DELETE", "/v1/session")
        after = browser.get("/v1/session")

    assert (begun.status_code, begun.json()["person"]) == (200, house.ids["ada"])
    assert begun.headers["cache-control"] == "no-store"
    assert (who["id"], who["side"], who["csrf_token"]) == (
        house.ids["ada"],
        "marketing",
        begun.json()["csrf_token"],
    )
    assert out.status_code == 204
    assert_refused(after, 401, "token-required")


def test_an_address_is_the_same_however_it_is_written(house: House) -> None:
    with house.signed_in("ada", "marketer"), house.browser() as browser:
        body = {"email": " Ada@House.EXAMPLE ", "password": PASSWORD}
        assert browser.send("POST", "/v1/sign-in", json=body).status_code == 200


def test_nobody_learns_from_the_answer_who_has_an_account(house: House) -> None:
    with house.signed_in("ada", "marketer"), house.browser() as browser:
        house.invite("new", "seller")
        with house.signed_in("left", "seller"):
            change = {"name": "L", "side": "sales", "roles": ["seller"], "is_active": False}
            house.client.put(f"/v1/people/{house.ids['left']}", json=change).raise_for_status()

        answers = [
            browser.sign_in("ada", "a wrong password"),
            browser.sign_in("nobody", "a wrong password"),
            browser.sign_in("new", PASSWORD),
            browser.sign_in("left", PASSWORD),
        ]

    for answer in answers:
        assert_refused(answer, 401, "sign-in-failed")
    assert len({answer.content for answer in answers}) == 1
    assert not any("set-cookie" in answer.headers for answer in answers)


def test_somebody_who_does_not_exist_costs_the_same_work(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.hash_at_full_cost()
    checked: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, stored: str, password: str) -> bool:
        checked.append(stored[: stored.rindex("$", 0, stored.rindex("$"))])
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    with house.signed_in("ada", "marketer"), house.browser() as browser:
        browser.sign_in("ada", "a wrong password")
        browser.sign_in("nobody", "a wrong password")

    known, unknown = checked
    assert known == unknown == "$argon2id$v=19$m=65536,t=3,p=4"


def test_an_account_waits_longer_after_each_failure_and_others_do_not(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "FREE_FAILURES_OF_ACCOUNT", 2)
    with (
        house.signed_in("ada", "marketer"),
        house.signed_in("bob", "seller"),
        house.browser() as browser,
    ):
        failed = [browser.sign_in("ada", "a wrong password") for _ in range(2)]
        blocked = browser.sign_in("ada")
        of_nobody = [browser.sign_in("nobody", "a wrong password") for _ in range(3)]
        other = browser.sign_in("bob")
        house.sql("UPDATE sign_in_attempts SET blocked_until = now()")
        right = browser.sign_in("ada")

    assert [answer.status_code for answer in failed] == [401, 401]
    assert_refused(blocked, 429, "too-many-requests")
    assert int(blocked.headers["retry-after"]) == 1
    assert [answer.status_code for answer in of_nobody] == [401, 401, 429]
    assert of_nobody[2].json() == blocked.json()
    assert (other.status_code, right.status_code) == (200, 200)


def test_an_address_that_fails_at_many_accounts_waits_for_all_of_them(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "FREE_FAILURES_OF_ADDRESS", 3)
    with house.signed_in("ada", "marketer"), house.browser() as browser:
        successes = [browser.sign_in("ada").status_code for _ in range(4)]
        guesses = [browser.sign_in(f"nobody-{n}", "password1234").status_code for n in range(3)]
        blocked = browser.sign_in("ada")

    assert (successes, guesses) == ([200] * 4, [401] * 3)
    assert_refused(blocked, 429, "too-many-requests")


def test_an_old_hash_is_replaced_when_its_password_is_shown(house: House) -> None:
    house.hash_at_full_cost()
    weak = PasswordHasher.from_parameters(profiles.CHEAPEST).hash(PASSWORD)
    with house.signed_in("ada", "marketer"), house.browser() as browser:
        house.sql("UPDATE credentials SET password_hash = %s", weak)
        wrong = browser.sign_in("ada", "a wrong password")
        kept = house.sql("SELECT password_hash FROM credentials")
        first = browser.sign_in("ada")
        ((renewed,),) = house.sql("SELECT password_hash FROM credentials")
        second = browser.sign_in("ada")

    assert [a.status_code for a in (wrong, first, second)] == [401, 200, 200]
    assert kept == [(weak,)]
    assert renewed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_signing_in_again_makes_a_new_session_and_ends_the_old_one(house: House) -> None:
    with house.signed_in("ada", "marketer") as ada:
        before = ada.cookie()
        ada.sign_in("ada")
        after = ada.cookie()
        house.let_time_pass()
        name = next(c.name for c in ada.client.cookies.jar)
        with house.browser() as thief:
            thief.client.cookies.set(name, before)
            stolen = thief.get("/v1/session")

    assert before != after
    assert_refused(stolen, 401, "token-required")
    assert house.sql("SELECT count(*) FROM sessions") == [(1,)]


def test_a_planted_session_is_never_signed_in_to(house: House) -> None:
    with house.signed_in("ada", "marketer") as ada, house.browser() as victim:
        name = next(c.name for c in ada.client.cookies.jar)
        victim.client.cookies.set(name, "planted", domain="127.0.0.1", path="/")
        answer = victim.sign_in("ada")

    cookie = SimpleCookie(answer.headers["set-cookie"])
    assert cookie[name].value != "planted"


def test_sessions_are_stored_by_their_hash_alone(house: House) -> None:
    with house.signed_in("ada", "marketer") as ada:
        secret = ada.cookie()
        ((stored,),) = house.sql("SELECT hash FROM sessions")

    assert len(stored) == 32
    assert secret.encode() not in stored
    assert len(secret) >= 43  # 256 bits in base64


def test_another_site_cannot_sign_a_browser_in(house: House) -> None:
    house.invite("mallory", "seller")
    body = {"email": "mallory@house.example", "password": PASSWORD}
    with house.browser() as browser:
        answers = [
            browser.send("POST", path, json=body, headers={"Origin": "https://evil.example"})
            for path in ("/v1/sign-in", "/v1/sign-in/invitation", "/v1/sign-in/openid")
        ]

    for answer in answers:
        assert_refused(answer, 403, "cross-site")


def test_all_sessions_of_a_person_end_at_once(house: House) -> None:
    with house.signed_in("ada", "marketer") as first, house.browser() as second:
        second.sign_in("ada")
        with house.signed_in("bob", "seller") as bob:
            ended = second.send("DELETE", "/v1/sessions")
            answers = [browser.get("/v1/session").status_code for browser in (first, second, bob)]

    assert ended.status_code == 204
    assert answers == [401, 401, 200]


def test_another_password_ends_every_other_session(house: House) -> None:
    new = "another battery of horses"
    with house.signed_in("ada", "marketer") as here, house.browser() as elsewhere:
        elsewhere.sign_in("ada")
        wrong = here.send(
            "PUT", "/v1/session/password", json={"current": "not this one", "new": new}
        )
        changed = here.send("PUT", "/v1/session/password", json={"current": PASSWORD, "new": new})
        sessions = [b.get("/v1/session").status_code for b in (here, elsewhere)]
        signed_in = [elsewhere.sign_in("ada", p).status_code for p in (PASSWORD, new)]

    assert_refused(wrong, 401, "sign-in-failed")
    assert (changed.status_code, sessions, signed_in) == (204, [200, 401], [401, 200])


def test_an_open_browser_is_no_place_to_guess_the_password_in(house: House) -> None:
    with house.signed_in("ada", "marketer") as ada:
        guess = {"current": "a wrong password", "new": "another battery of horses"}
        answers = [ada.send("PUT", "/v1/session/password", json=guess) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]


def test_an_invitation_is_used_once(house: House) -> None:
    invitation = house.invite("ada", "marketer")
    with house.browser() as browser, house.browser() as thief:
        first = browser.accept(invitation)
        again = thief.accept(invitation, "the password of a thief")
        unknown = thief.accept("rti_unknown")

    assert first.status_code == 200
    for answer in (again, unknown):
        assert_refused(answer, 401, "sign-in-failed")


def test_who_forgot_the_password_is_invited_anew_and_signed_out_elsewhere(house: House) -> None:
    with house.signed_in("ada", "marketer") as before, house.browser() as browser:
        path = f"/v1/people/{house.ids['ada']}/invitation"
        invitation = house.client.post(path).json()["invitation"]
        accepted = browser.accept(invitation, "another battery of horses")
        after = before.get("/v1/session")
        old = browser.sign_in("ada", PASSWORD)

    assert accepted.status_code == 200
    assert_refused(after, 401, "token-required")
    assert_refused(old, 401, "sign-in-failed")


@pytest.mark.parametrize("password", ["too short", "x" * 257, "aaaaaaaaaaaaaaaa"])
def test_a_password_that_is_too_weak_is_refused_and_not_repeated(
    house: House, password: str
) -> None:
    invitation = house.invite("ada", "marketer")
    with house.browser() as browser:
        answer = browser.accept(invitation, password)
        later = browser.accept(invitation)

    assert_refused(answer, 422, "invalid")
    assert answer.json()["field"] == "password"
    assert password not in answer.text
    assert later.status_code == 200


def test_the_same_letters_in_another_form_are_the_same_password(house: House) -> None:
    invitation = house.invite("ada", "marketer")
    composed, decomposed = "Übergrößenträger", "U\u0308bergro\u0308ßentra\u0308ger"
    with house.browser() as browser:
        browser.accept(invitation, composed)
        answer = browser.sign_in("ada", decomposed)

    assert answer.status_code == 200


def test_text_that_is_no_text_is_refused_and_breaks_nothing(house: House) -> None:
    with house.browser() as browser:
        headers = {"Origin": browser.origin, "Content-Type": "application/json"}
        answers = [
            browser.client.post("/v1/sign-in", content=body, headers=headers)
            for body in (
                b'{"email": "a@b.example", "password": "\\ud800"}',
                b'{"email": "\\u0000@b.example", "password": "x"}',
                b'{"email": "a@b.example", "password": ""}',
                b'{"email": {"x": 1}, "password": ["y"]}',
                b"[]",
            )
        ]

    assert [answer.status_code for answer in answers] == [422] * 5


def test_a_cookie_is_out_of_reach_for_scripts_and_other_sites(house: House) -> None:
    with house.browser() as browser:
        answer = browser.accept(house.invite("ada", "marketer"))

    cookie = answer.headers["set-cookie"]
    port = house.client.base_url.port
    assert re.match(rf"roundtable-session-{port}=[\w-]{{43}}; ", cookie)
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=604800"} <= set(cookie.split("; "))
    assert "Secure" not in cookie  # plain HTTP, on the machine itself


@pytest.fixture
def public(database: str) -> Iterator[House]:
    """A house that people reach at https://roundtable.example, through a proxy."""
    chosen = SignInSettings(public_url="https://roundtable.example")
    app = build_app(settings(database=database, sign_in=chosen))
    with serving(app) as client:
        wait_for(lambda: client.get("/v1/metrics").status_code == 200)
        yield House(app, client, database)


class _Proxied(Browser):
    origin = "https://roundtable.example"  # type: ignore[assignment]


def test_over_a_network_the_cookie_is_secure_and_bound_to_its_host(public: House) -> None:
    headers = {"Host": "inside:8000"}
    with public.browser(headers=headers) as plain:
        browser = _Proxied(plain.client)
        begun = browser.accept(public.invite("ada", "marketer"))
        cookie = begun.headers["set-cookie"]
        name, secret = cookie.partition(";")[0].split("=")
        plain.client.headers["Cookie"] = f"{name}={secret}"
        written = browser.send("DELETE", "/v1/session")

    assert name == "__Host-roundtable-session"
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(cookie.split("; "))
    assert "domain" not in cookie.lower()
    assert written.status_code == 204
    assert "max-age" in begun.headers["strict-transport-security"]


def test_over_a_network_without_a_public_address_nobody_signs_in(house: House) -> None:
    house.invite("ada", "marketer")
    with house.browser(headers={"Host": "roundtable.example"}) as browser:
        answer = browser.sign_in("ada")

    assert_refused(answer, 403, "forbidden")
    assert "ROUNDTABLE_PUBLIC_URL" in answer.json()["detail"]


def test_machines_have_no_session_to_end(house: House) -> None:
    answers = [house.client.delete("/v1/session"), house.client.delete("/v1/sessions")]

    for answer in answers:
        assert_refused(answer, 403, "forbidden")
    who = house.client.get("/v1/session").json()
    assert (who["kind"], who["id"], who["scopes"]) == ("machine", None, ["admin"])


def test_people_sign_in_with_a_password_where_nothing_else_is_set(house: House) -> None:
    with house.browser() as browser:
        way = browser.get("/v1/sign-in").json()
        elsewhere = browser.send("POST", "/v1/sign-in/openid", json={})

    assert way == {"way": "password"}
    assert_refused(elsewhere, 409, "conflict")
