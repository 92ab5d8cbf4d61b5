"""Settings are read once, from a mapping, and a wrong one is refused by name."""

import pytest

from api.settings import VARIABLES, SettingError, Settings

REQUIRED = {
    "ROUNDTABLE_KAFKA": "one:9092,two:9092",
    "ROUNDTABLE_DATABASE": "dbname=roundtable",
    "ROUNDTABLE_TOKEN": "a-token-of-some-length",
    "ROUNDTABLE_HASH_KEY": "a-key-of-some-length",
}


def test_what_is_required_is_enough() -> None:
    settings = Settings.from_env(REQUIRED)

    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.hash_key == b"a-key-of-some-length"
    assert settings.max_batch_events == 5_000


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(SettingError, match=f"{name} is not set"):
        Settings.from_env(REQUIRED | {name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROUNDTABLE_TOKEN", "short"),
        ("ROUNDTABLE_TOKEN", "a token with an umlaut: ä"),
        ("ROUNDTABLE_HASH_KEY", "guessable"),
        ("ROUNDTABLE_HTTP_PORT", "http"),
        ("ROUNDTABLE_HTTP_PORT", "65536"),
        ("ROUNDTABLE_API_PROCESSES", "0"),
        ("ROUNDTABLE_API_PROCESSES", "two"),
        ("ROUNDTABLE_REPORTING_CURRENCY", "EURO"),
        ("ROUNDTABLE_MAX_BODY_BYTES", "1"),
        ("ROUNDTABLE_MAX_BATCH_EVENTS", "0"),
        ("ROUNDTABLE_MAX_IN_FLIGHT_BYTES", "-1"),
        ("ROUNDTABLE_MAX_IN_FLIGHT_BYTES", "2000000"),
        ("ROUNDTABLE_MAX_CONNECTIONS", "1"),
        ("ROUNDTABLE_MAX_STREAMS", "0"),
        ("ROUNDTABLE_MAX_STREAMS", "400"),
        ("ROUNDTABLE_ACKNOWLEDGE_SECONDS", "0"),
        ("ROUNDTABLE_DATABASE_CONNECTIONS", "1"),
        ("ROUNDTABLE_WEBHOOK_KEYS", "a-key-of-some-length,short"),
        ("ROUNDTABLE_WEBHOOKS_PRIVATE", "true"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        Settings.from_env(REQUIRED | {name: value})


def test_staff_fields_are_a_list_of_names() -> None:
    settings = Settings.from_env(
        REQUIRED | {"ROUNDTABLE_ALLOWED_STAFF_FIELDS": "owner, deal_owner,"}
    )

    assert settings.allowed_staff_fields == {"owner", "deal_owner"}


def test_keys_of_webhooks_are_a_list_the_newest_first() -> None:
    keys = {"ROUNDTABLE_WEBHOOK_KEYS": "the-newest-key-of-all, the-key-before-it"}

    settings = Settings.from_env(REQUIRED | keys)

    assert settings.webhook_keys == ("the-newest-key-of-all", "the-key-before-it")


def test_no_secret_is_shown() -> None:
    shown = repr(Settings.from_env(REQUIRED | {"ROUNDTABLE_WEBHOOK_KEYS": "a-key-to-seal-with"}))

    assert not any(secret in shown for secret in ("a-token", "a-key", "dbname"))


def test_every_variable_has_its_own_name_and_says_what_it_is_for() -> None:
    assert len({variable.name for variable in VARIABLES}) == len(VARIABLES)
    assert all(variable.purpose for variable in VARIABLES)
