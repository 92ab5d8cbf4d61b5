"""Settings of sign-in go together, and lead nowhere in the clear."""

import pytest

from api.settings import SettingError, Settings
from api.sign_in_settings import HERE_ALONE, OpenIdSettings, is_safe
from tests.api.test_settings import REQUIRED

PUBLIC = {"ROUNDTABLE_PUBLIC_URL": "https://roundtable.example"}
OPENID = PUBLIC | {
    "ROUNDTABLE_OPENID_ISSUER": "https://id.house.example/realms/house",
    "ROUNDTABLE_OPENID_CLIENT_ID": "roundtable",
    "ROUNDTABLE_OPENID_CLIENT_SECRET": "a-secret",
}


def test_without_any_people_sign_in_on_the_machine_itself() -> None:
    assert Settings.from_env(REQUIRED).sign_in == HERE_ALONE


def test_all_of_them_lead_to_the_provider() -> None:
    chosen = Settings.from_env(REQUIRED | OPENID).sign_in

    assert chosen.public_url == "https://roundtable.example"
    assert chosen.openid == OpenIdSettings(
        issuer="https://id.house.example/realms/house",
        client_id="roundtable",
        client_secret="a-secret",
    )
    assert "a-secret" not in repr(chosen)


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://Roundtable.Example/", "https://roundtable.example"),
        ("https://roundtable.example:443", "https://roundtable.example"),
        ("https://roundtable.example:8443", "https://roundtable.example:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
    ],
)
def test_the_public_address_is_written_as_browsers_write_an_origin(given: str, origin: str) -> None:
    chosen = Settings.from_env(REQUIRED | {"ROUNDTABLE_PUBLIC_URL": given}).sign_in

    assert chosen.public_url == origin


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROUNDTABLE_PUBLIC_URL", "http://roundtable.example"),
        ("ROUNDTABLE_PUBLIC_URL", "roundtable.example"),
        ("ROUNDTABLE_PUBLIC_URL", "https://roundtable.example/app"),
        ("ROUNDTABLE_PUBLIC_URL", "https://user@roundtable.example"),
        ("ROUNDTABLE_PUBLIC_URL", "https://"),
        ("ROUNDTABLE_PUBLIC_URL", "https://[::1"),
        ("ROUNDTABLE_OPENID_ISSUER", "http://id.house.example"),
        ("ROUNDTABLE_OPENID_ISSUER", "https://id.house.example?a=b"),
        ("ROUNDTABLE_OPENID_CLIENT_SECRET", "geheim-ä"),
        ("ROUNDTABLE_OPENID_CLIENT_SECRET", ""),
        ("ROUNDTABLE_OPENID_CLIENT_ID", ""),
        ("ROUNDTABLE_OPENID_ISSUER", ""),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        Settings.from_env(REQUIRED | OPENID | {name: value})


def test_a_provider_needs_an_address_to_lead_back_to() -> None:
    with pytest.raises(SettingError, match="ROUNDTABLE_PUBLIC_URL is not set"):
        Settings.from_env(REQUIRED | OPENID | {"ROUNDTABLE_PUBLIC_URL": ""})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://id.example/x", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://localhost/x", True),
        ("http://localhost.evil.example/x", False),
        ("http://id.example/x", False),
        ("ftp://localhost/x", False),
        ("https:///x", False),
        ("https://[::1/x", False),
        ("https://id.example:port/x", False),
    ],
)
def test_a_url_is_safe_by_tls_or_on_this_machine(url: str, expected: object) -> None:
    assert is_safe(url) is expected
