"""Signing in at an identity provider: who it vouches for gets in, and nothing forged does."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from api.app import build_app
from api.entrance import CALLBACK
from api.sign_in_settings import OpenIdSettings, SignInSettings
from tests.api.house import PASSWORD, Browser, House
from tests.api.identity_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    Provider,
    query_of,
    serving_provider,
    with_query,
)
from tests.api.serving import serving, settings, wait_for

pytestmark = pytest.mark.stack

PUBLIC = "http://127.0.0.1:1"
"""What people are said to open; the tests know the real port."""


@dataclass
class _Page(Browser):
    """A browser on the pages of the public address."""

    @property
    def origin(self) -> str:
        return PUBLIC


@dataclass
class Deployment:
    """A house whose people sign in elsewhere."""

    house: House
    provider: Provider

    def go_out(self, browser: Browser, **body: Any) -> str:
        """Begin; return the URL that the browser is sent to."""
        answer = browser.send("POST", "/v1/sign-in/openid", json=body)
        assert answer.status_code == 200, answer.text
        url: str = answer.json()["continue_at"]
        return url

    def come_back(self, browser: Browser, query: dict[str, str]) -> httpx.Response:
        """Follow the provider's redirect."""
        return browser.get(with_query(CALLBACK, query))

    def sign_in(
        self, browser: Browser, subject: str, *, asked: dict[str, Any] | None = None, **claims: Any
    ) -> httpx.Response:
        """Go out, sign in there, come back."""
        url = self.go_out(browser, **(asked or {}))
        return self.come_back(browser, self.provider.sign_in(url, subject, **claims))


@pytest.fixture
def deployment(database: str) -> Iterator[Deployment]:
    with serving_provider() as provider:
        openid = OpenIdSettings(
            issuer=provider.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET
        )
        chosen = SignInSettings(public_url=PUBLIC, openid=openid)
        app = build_app(settings(database=database, sign_in=chosen))
        with serving(app) as client:
            wait_for(lambda: client.get("/v1/metrics").status_code == 200)
            yield Deployment(House(app, client, database), provider)


@pytest.fixture
def browser(deployment: Deployment) -> Iterator[Browser]:
    with deployment.house.browser() as opened:
        yield _Page(opened.client)


def assert_refused(answer: httpx.Response, status: int = 401, kind: str = "sign-in-failed") -> None:
    assert (answer.status_code, answer.json()["type"]) == (
        status,
        f"urn:roundtable:problem:{kind}",
    ), answer.text
    assert not any("session" in cookie for cookie in answer.headers.get_list("set-cookie"))


def verified(name: str) -> dict[str, Any]:
    return {"email": f"{name}@house.example", "email_verified": True}


def test_whoever_was_added_with_a_verified_address_gets_in(
    deployment: Deployment, browser: Browser
) -> None:
    deployment.house.invite("ada", "marketer")

    answer = deployment.sign_in(
        browser, "subject-1", asked={"return_to": "/experiments?mine=1"}, **verified("ada")
    )

    assert (answer.status_code, answer.headers["location"]) == (303, "/experiments?mine=1")
    who = browser.who()
    assert who["id"] == deployment.house.ids["ada"]
    browser.csrf_token = who["csrf_token"]
    assert browser.send("DELETE", "/v1/session").status_code == 204


def test_an_account_stays_that_of_its_person_when_the_address_changes(
    deployment: Deployment, browser: Browser
) -> None:
    deployment.house.invite("ada", "marketer")
    deployment.sign_in(browser, "subject-1", **verified("ada"))

    later = deployment.sign_in(browser, "subject-1", **verified("ada.newname"))
    who = browser.who()
    other = deployment.sign_in(browser, "subject-2", **verified("ada"))

    assert (later.status_code, who["id"]) == (303, deployment.house.ids["ada"])
    assert_refused(other)


def test_an_invitation_links_an_account_whose_provider_verifies_no_address(
    deployment: Deployment, browser: Browser
) -> None:
    invitation = deployment.house.invite("ada", "marketer")

    linked = deployment.sign_in(browser, "subject-1", asked={"invitation": invitation})
    again = deployment.sign_in(browser, "subject-1")
    reused = deployment.sign_in(browser, "subject-2", asked={"invitation": invitation})

    assert (linked.status_code, again.status_code) == (303, 303)
    assert_refused(reused)
    person = deployment.house.client.get(f"/v1/people/{deployment.house.ids['ada']}").json()
    assert person["signs_in_with"] == "openid"


@pytest.mark.parametrize(
    "claims",
    [
        {},
        verified("nobody"),
        {"email": "ada@house.example"},
        {"email": "ada@house.example", "email_verified": False},
        {"email": "ada@house.example", "email_verified": "true"},
        {"email": ["ada@house.example"], "email_verified": True},
    ],
)
def test_an_account_that_nobody_vouches_for_as_a_person_of_the_house_is_refused(
    deployment: Deployment, browser: Browser, claims: dict[str, Any]
) -> None:
    deployment.house.invite("ada", "marketer")

    assert_refused(deployment.sign_in(browser, "subject-1", **claims))


def test_who_has_left_does_not_get_in(deployment: Deployment, browser: Browser) -> None:
    deployment.house.invite("ada", "marketer")
    deployment.sign_in(browser, "subject-1", **verified("ada"))
    change = {"name": "A", "side": "marketing", "roles": ["marketer"], "is_active": False}
    path = f"/v1/people/{deployment.house.ids['ada']}"
    deployment.house.client.put(path, json=change).raise_for_status()

    signed_out = browser.get("/v1/session")
    answer = deployment.sign_in(browser, "subject-1", **verified("ada"))

    assert signed_out.status_code == 401
    assert_refused(answer)


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": None},
        {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"sub": None},
        {"at_hash": "bm90IHRoZSBoYXNo"},
    ],
    ids=lambda claims: "-".join(f"{name}-{value}" for name, value in claims.items())[:40],
)
def test_a_token_with_a_wrong_claim_is_refused(
    deployment: Deployment, browser: Browser, claims: dict[str, Any]
) -> None:
    deployment.house.invite("ada", "marketer")
    deployment.provider.claims = claims

    assert_refused(deployment.sign_in(browser, "subject-1", **verified("ada")))


def test_a_token_that_another_key_signed_is_refused(
    deployment: Deployment, browser: Browser
) -> None:
    deployment.house.invite("ada", "marketer")
    published = deployment.provider.published
    deployment.provider.replace_key()
    deployment.provider.published = published

    assert_refused(deployment.sign_in(browser, "subject-1", **verified("ada")))


def test_a_token_that_the_public_key_signed_as_a_secret_is_refused(
    deployment: Deployment, browser: Browser
) -> None:
    deployment.house.invite("ada", "marketer")
    deployment.provider.is_forged = True

    assert_refused(deployment.sign_in(browser, "subject-1", **verified("ada")))


def test_a_new_key_of_the_provider_is_fetched_once_it_signs(
    deployment: Deployment, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.openid.NEW_KEYS_SECONDS", 0.0)
    deployment.house.invite("ada", "marketer")
    first = deployment.sign_in(browser, "subject-1", **verified("ada"))
    second = deployment.sign_in(browser, "subject-1")
    asked_before = deployment.provider.key_requests
    deployment.provider.replace_key()
    third = deployment.sign_in(browser, "subject-1")

    assert [a.status_code for a in (first, second, third)] == [303, 303, 303]
    assert (asked_before, deployment.provider.key_requests) == (1, 2)


def test_a_way_back_is_used_once(deployment: Deployment, browser: Browser) -> None:
    deployment.house.invite("ada", "marketer")
    query = deployment.provider.sign_in(deployment.go_out(browser), "s", **verified("ada"))

    first = deployment.come_back(browser, query)
    replayed = deployment.come_back(browser, query)

    assert first.status_code == 303
    assert_refused(replayed)


def test_a_way_back_leads_into_the_browser_that_it_began_in(
    deployment: Deployment, browser: Browser
) -> None:
    deployment.house.invite("mallory", "seller")
    query = deployment.provider.sign_in(deployment.go_out(browser), "m", **verified("mallory"))
    with deployment.house.browser() as victim:
        planted = deployment.come_back(victim, query)
        deployment.go_out(_Page(victim.client))
        with_own_cookie = deployment.come_back(victim, query)

    assert_refused(planted)
    assert_refused(with_own_cookie)


def test_two_tabs_do_not_disturb_each_other(deployment: Deployment, browser: Browser) -> None:
    deployment.house.invite("ada", "marketer")
    first, second = deployment.go_out(browser), deployment.go_out(browser)

    answers = [
        deployment.come_back(browser, deployment.provider.sign_in(url, "s", **verified("ada")))
        for url in (second,)
    ]
    states = {query_of(url, "state") for url in (first, second)}
    nonces = {query_of(url, "nonce") for url in (first, second)}

    assert [answer.status_code for answer in answers] == [303]
    assert (len(states), len(nonces)) == (2, 2)


def test_a_way_back_that_took_too_long_is_closed(deployment: Deployment, browser: Browser) -> None:
    deployment.house.invite("ada", "marketer")
    query = deployment.provider.sign_in(deployment.go_out(browser), "s", **verified("ada"))
    deployment.house.sql("UPDATE sign_in_flows SET expires_at = now()")

    assert_refused(deployment.come_back(browser, query))


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "invented"},
        {"code": "invented"},
        {"code": ""},
        {"iss": "https://evil.example"},
    ],
)
def test_a_way_back_that_was_changed_is_refused(
    deployment: Deployment, browser: Browser, changes: dict[str, str]
) -> None:
    deployment.house.invite("ada", "marketer")
    query = deployment.provider.sign_in(deployment.go_out(browser), "s", **verified("ada"))

    assert_refused(deployment.come_back(browser, query | changes))


def test_who_turns_back_at_the_provider_is_told_so(
    deployment: Deployment, browser: Browser
) -> None:
    state = query_of(deployment.go_out(browser), "state")

    assert_refused(deployment.come_back(browser, {"state": state, "error": "access_denied"}))


def test_a_code_that_was_stolen_is_worth_nothing_without_its_verifier(
    deployment: Deployment, browser: Browser
) -> None:
    deployment.house.invite("ada", "marketer")
    stolen = deployment.provider.sign_in(deployment.go_out(browser), "s", **verified("ada"))
    with deployment.house.browser() as other:
        thief = _Page(other.client)
        state = query_of(deployment.go_out(thief), "state")
        answer = deployment.come_back(thief, stolen | {"state": state})

    assert_refused(answer)


@pytest.mark.parametrize(
    "path",
    ["https://evil.example", "//evil.example", "/\\evil.example", "experiments", "", "/a\nb"],
)
def test_nobody_is_sent_elsewhere_afterwards(
    deployment: Deployment, browser: Browser, path: str
) -> None:
    answer = browser.send("POST", "/v1/sign-in/openid", json={"return_to": path})

    assert (answer.status_code, answer.json()["field"]) == (422, "return_to")


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://elsewhere.example/token"},
        {"jwks_uri": None},
    ],
)
def test_a_provider_that_describes_itself_wrongly_is_not_used(
    deployment: Deployment, browser: Browser, metadata: dict[str, Any]
) -> None:
    deployment.provider.metadata = metadata

    answer = browser.send("POST", "/v1/sign-in/openid", json={})

    assert_refused(answer, 503, "identity-provider-unreachable")
    assert answer.headers["retry-after"]


def test_there_is_one_way_in(deployment: Deployment, browser: Browser) -> None:
    invitation = deployment.house.invite("ada", "marketer")

    way = browser.get("/v1/sign-in").json()
    answers = [browser.sign_in("ada", PASSWORD), browser.accept(invitation)]

    assert way == {"way": "openid"}
    for answer in answers:
        assert_refused(answer, 409, "conflict")
