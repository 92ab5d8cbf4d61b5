"""Every client of ours gets through to a Kafka that asks for TLS, a certificate or a password.

And where it does not, it says why, soon, and without the password.
"""

import json
import logging
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from api.app import build_app
from cli.data_dir import DataDir
from cli.main import main
from cli.replaying.kafka_inbox import kafka_inbox
from cli.services import start_services
from cli.settings import SettingError, Settings
from cli.topics import ensure_topics
from storage.kafka_access import KafkaAccess
from tests.acceptance.conftest import whole_stack
from tests.acceptance.test_worker import event, wait_until
from tests.api.serving import read_log, serving, settings, wait_for
from tests.secured_kafka import PASSWORD, SecuredKafka, running_secured_kafka
from tests.services import open_directory

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

KINDS = ("SSL", "SASL_PLAINTEXT", "SASL_SSL")
SOON_SECONDS = 45.0
"""A process that starts on a busy machine, and one try."""


@pytest.fixture(scope="module")
def secured(service_settings: Settings) -> Iterator[SecuredKafka]:
    """One broker for the tests here, with the topics of the catalogue."""
    with (
        open_directory("roundtable-secured-") as directory,
        running_secured_kafka(directory, service_settings) as broker,
    ):
        ensure_topics(broker.plaintext)
        yield broker


def told(secured: SecuredKafka, kind: str, database: str, **changes: object) -> dict[str, str]:
    """The environment of a process of ours."""
    return {
        **os.environ,
        **secured.access(kind, **changes).environ(),
        "ROUNDTABLE_KAFKA": secured.address(kind),
        "ROUNDTABLE_DATABASE": database,
        "ROUNDTABLE_HASH_KEY": "the-hash-key-of-the-tests",
        "ROUNDTABLE_TOKEN": "the-token-of-the-tests",
        "ROUNDTABLE_INSTANCE": f"secured-{uuid.uuid4()}",
        "ROUNDTABLE_GROUP": f"secured-{uuid.uuid4()}",
    }


def python(module: str, environ: Mapping[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", module], env=dict(environ), stderr=subprocess.PIPE, text=True
    )


def is_stored(database: str, sent: Mapping[str, Any]) -> bool:
    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT 1 FROM events WHERE id = %s", (sent["id"],))
        return found.fetchone() is not None


@pytest.mark.parametrize("kind", KINDS)
def test_the_gateway_writes(secured: SecuredKafka, kind: str) -> None:
    chosen = settings(kafka=secured.address(kind), kafka_access=secured.access(kind))
    app = build_app(chosen, events_topic="events")
    sent = event("lead.accepted", account="secured.example")

    with serving(app) as client:
        wait_for(lambda: not app.state.services.log.is_stalled)
        answer = client.post("/v1/events", json=sent)

    assert answer.status_code == 202
    logged = [json.loads(record.value)["id"] for record in read_log(secured.plaintext, "events")]
    assert sent["id"] in logged


def test_the_worker_reads_what_a_replay_wrote_and_passes_it_on(
    secured: SecuredKafka, database: str
) -> None:
    kind = "SSL"  # with a certificate of ours; the whole stack below signs in with a password
    sent = event("lead.accepted", account="inbox.example")
    with kafka_inbox(secured.address(kind), secured.access(kind)) as inbox:
        inbox._send([json.dumps(sent).encode()])

    worker = python("stream_processors", told(secured, kind, database))

    try:
        assert wait_until(lambda: is_stored(database, sent))
    finally:
        worker.terminate()
        _, log = worker.communicate(timeout=60)
    assert worker.returncode == 0
    assert PASSWORD not in log


def test_a_whole_stack_runs_on_it_and_writes_no_password_down(
    secured: SecuredKafka, service_settings: Settings
) -> None:
    access = secured.access("SASL_SSL")
    chosen = replace(service_settings, kafka=secured.sasl_ssl, kafka_access=access)
    sent = event("lead.accepted", account="whole.example")

    with whole_stack(chosen) as running:
        answer = httpx.post(
            f"{running.url}/v1/events",
            json=sent,
            headers={"authorization": f"Bearer {running.token}"},
            trust_env=False,
        )
        seen = wait_until(lambda: is_stored(running.stack.database, sent))
        kept = [path for path in running.data_dir.rglob("*") if path.is_file()]
        holding = [path.name for path in kept if PASSWORD.encode() in path.read_bytes()]

    assert (answer.status_code, seen) == (202, True)
    assert holding == []


WRONG = [
    ("SASL_SSL", {"password": "guessed-it-0"}, "user 'roundtable' or the password was refused"),
    ("SASL_PLAINTEXT", {"mechanism": "SCRAM-SHA-256"}, "does not take SCRAM-SHA-256"),
    ("SASL_SSL", {"ca_file": "other"}, "its certificate is not trusted"),
    ("SSL", {"certificate_file": None}, "it hangs up on SSL"),
]


def wrong_access(secured: SecuredKafka, kind: str, changes: Mapping[str, object]) -> KafkaAccess:
    if changes.get("ca_file") == "other":
        changes = {"ca_file": secured.other_ca}
    return secured.access(kind, **changes)


# Each starts a process; the other two reasons are seen from the API and the commands.
@pytest.mark.parametrize(("kind", "changes", "reason"), WRONG[::2])
def test_a_worker_that_is_not_let_in_ends_and_says_why(
    secured: SecuredKafka, kind: str, changes: Mapping[str, object], reason: str, database: str
) -> None:
    access = wrong_access(secured, kind, changes)
    worker = python("stream_processors", told(secured, kind, database) | dict(access.environ()))

    _, log = worker.communicate(timeout=SOON_SECONDS)

    assert worker.returncode == 1
    assert f"Kafka at {secured.address(kind)}: " in log
    assert reason in log
    assert PASSWORD not in log
    assert "guessed-it-0" not in log


@pytest.mark.parametrize(("kind", "changes", "reason"), WRONG)
def test_an_api_that_is_not_let_in_is_not_ready_and_says_why_in_its_log_alone(
    secured: SecuredKafka,
    kind: str,
    changes: Mapping[str, object],
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    access = wrong_access(secured, kind, changes)
    chosen = settings(kafka=secured.address(kind), kafka_access=access)

    with serving(build_app(chosen)) as client:
        wait_for(lambda: reason in caplog.text)
        trouble = client.get("/readyz").json()["trouble"]["kafka"]
        answer = client.post("/v1/events", json=event("lead.accepted", account="a.example"))

    assert answer.status_code == 503
    assert trouble == "there is no connection to Kafka; the API's log says why"
    assert "guessed-it-0" not in caplog.text
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize("kind", KINDS)
def test_a_command_administers_the_topics(
    secured: SecuredKafka,
    kind: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in told(secured, kind, "dbname=unused").items():
        monkeypatch.setenv(name, value)

    code = main(["topics", "--data-dir", str(tmp_path)])

    assert code == 0
    assert "events.inbox" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["topics", "simulate --accounts 1 --to kafka"])
@pytest.mark.parametrize(("kind", "changes", "reason"), WRONG)
def test_a_command_that_is_not_let_in_says_why_at_once(
    secured: SecuredKafka,
    kind: str,
    changes: Mapping[str, object],
    reason: str,
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    access = wrong_access(secured, kind, changes)
    environ = told(secured, kind, "dbname=unused") | dict(access.environ())
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    began = time.monotonic()

    code = main([*command.split(), "--data-dir", str(tmp_path)])

    shown = capsys.readouterr().err
    assert code == 2
    assert reason in shown
    assert "guessed-it-0" not in shown
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("module", ["api", "stream_processors"])
def test_a_file_that_is_not_there_ends_a_process_before_it_begins(
    secured: SecuredKafka, module: str
) -> None:
    environ = told(secured, "SSL", "dbname=unused", ca_file=Path("/nowhere/ca.pem"))

    process = python(module, environ)
    _, log = process.communicate(timeout=SOON_SECONDS)

    assert process.returncode == 2
    assert "ROUNDTABLE_KAFKA_CA_FILE names /nowhere/ca.pem, which cannot be used" in log


def test_our_own_kafka_is_not_started_for_who_expects_encryption(
    secured: SecuredKafka, service_settings: Settings, tmp_path: Path
) -> None:
    expecting = replace(service_settings, kafka_access=secured.access("SSL"))

    with pytest.raises(SettingError, match="ROUNDTABLE_KAFKA names no cluster"):
        start_services(DataDir.at(tmp_path), expecting)
