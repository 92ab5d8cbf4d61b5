"""The API is told how people sign in, and whatever else the environment says to it."""

import os
import re
from argparse import Namespace
from pathlib import Path

import pytest

from api.sign_in_settings import VARIABLES as SIGN_IN
from api.sign_in_settings import SignInSettings
from cli import applications
from cli.applications import Addresses
from cli.data_dir import DataDir
from cli.main import main
from cli.people import public_url
from cli.processes import record_of
from cli.services import Services
from cli.settings import SettingError, Settings
from cli.stack import Stack, record

ROOT = Path(__file__).resolve().parents[2]
PROVIDER = {
    "ROUNDTABLE_PUBLIC_URL": "https://roundtable.example",
    "ROUNDTABLE_OPENID_ISSUER": "https://login.house.example/realms/house",
    "ROUNDTABLE_OPENID_CLIENT_ID": "roundtable",
    "ROUNDTABLE_OPENID_CLIENT_SECRET": "only-the-provider-knows",
}


def told(tmp_path: Path, sign_in: SignInSettings) -> dict[str, str]:
    """The variables of sign-in that the API is started with."""
    addresses = Addresses(
        services=Services(kafka="k:9092", database="host=d"),
        http_port=8000,
        token="t",
        hash_key="h",
        sign_in=sign_in,
    )
    environ = applications.api(DataDir.at(tmp_path), addresses).command.environ
    return {name: environ[name] for name, _ in SIGN_IN}


def test_the_api_is_told_its_address_and_its_identity_provider(tmp_path: Path) -> None:
    settings = Settings.from_env(PROVIDER)

    assert told(tmp_path, settings.sign_in) == PROVIDER
    assert SignInSettings.from_env(told(tmp_path, settings.sign_in)) == settings.sign_in


def test_without_them_people_sign_in_on_the_machine_itself(tmp_path: Path) -> None:
    assert SignInSettings.from_env(told(tmp_path, SignInSettings())) == SignInSettings()


def test_worker_and_api_are_told_where_to_say_how_they_fare(tmp_path: Path) -> None:
    addresses = Addresses(
        services=Services(kafka="k:9092", database="host=d"),
        http_port=8000,
        token="t",
        hash_key="h",
        api_processes=2,
        worker_port=8001,
        metrics_port=9100,
    )

    environ = applications.worker(DataDir.at(tmp_path), addresses).command.environ

    assert environ["ROUNDTABLE_WORKER_HTTP_PORT"] == "8001"
    assert environ["ROUNDTABLE_METRICS_PORT"] == "9100"
    assert addresses.worker_http == "http://127.0.0.1:8001"
    assert addresses.api_metrics == (
        "http://127.0.0.1:9100/metrics",
        "http://127.0.0.1:9101/metrics",
    )


def test_the_public_address_of_a_stack_is_found_by_other_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROUNDTABLE_PUBLIC_URL", raising=False)
    stack = Stack(
        kafka="k:9092",
        database="host=d",
        http="http://127.0.0.1:8000",
        token="t",
        public_url="https://roundtable.example",
        runner=record_of(os.getpid()),
        processes={},
    )
    record(DataDir.at(tmp_path), stack)

    def opened(url: str, chosen: str | None = None) -> str:
        return public_url(Namespace(public_url=chosen, data_dir=tmp_path, url=url))

    main(["env", "--data-dir", str(tmp_path)])

    said = capsys.readouterr().out
    assert "export ROUNDTABLE_PUBLIC_URL=https://roundtable.example\n" in said
    assert opened("http://127.0.0.1:8000") == "https://roundtable.example"
    assert opened("http://127.0.0.1:8000", "https://other.example") == "https://other.example"
    assert opened("http://elsewhere.example") == "http://elsewhere.example"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"ROUNDTABLE_PUBLIC_URL": "http://roundtable.example"}, "ROUNDTABLE_PUBLIC_URL"),
        ({"ROUNDTABLE_OPENID_CLIENT_SECRET": ""}, "ROUNDTABLE_OPENID_CLIENT_SECRET"),
    ],
)
def test_what_the_api_would_end_with_is_said_before_anything_starts(
    change: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingError, match=named):
        Settings.from_env(PROVIDER | change)


def test_the_compose_file_hands_on_what_the_documents_ask_to_set() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    api = compose.split("\n  api:\n")[1].split("\n\n")[0]

    handed_on = set(re.findall(r"^      (ROUNDTABLE_\w+): \$\{\1:-\}$", api, re.MULTILINE))

    assert {name for name, _ in SIGN_IN} < handed_on
    # Without it the API ends at its start.
    assert "ROUNDTABLE_HASH_KEY: ${ROUNDTABLE_HASH_KEY:?" in compose
