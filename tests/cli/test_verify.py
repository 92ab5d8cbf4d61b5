"""`roundtable verify` says clean, what differs, or that it could not look; and never mixes them."""

import json
from pathlib import Path

import psycopg
import pytest

from cli import verify
from cli.main import main
from storage.pool import Connection
from tests.storage.stream import Log, build_all, register
from tests.storage.test_batches import LEADS, TEST, exposure, lead, on

pytestmark = pytest.mark.stack

NO_BROKER = "127.0.0.1:1"


@pytest.fixture
def counted(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database in which one lead counts, named by the environment; no broker answers."""

    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        await build_all(connection)
        await Log().deliver(connection, [exposure(1, "a", account="acme"), lead(1, account="acme")])

    on(database, body)
    monkeypatch.setenv("ROUNDTABLE_DATABASE", database)
    monkeypatch.setenv("ROUNDTABLE_KAFKA", NO_BROKER)
    monkeypatch.chdir(tmp_path)
    return database


def change(database: str, statement: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(statement)


def test_what_agrees_is_clean(counted: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["verify", "--without-topic"])

    shown = capsys.readouterr().out
    assert code == 0
    assert "2 events at 1 homes; 1 definitions with 1 units (0 mixed) and 1 exposures" in shown
    assert "Clean: nothing differs from its recomputation." in shown


def test_what_differs_is_shown_with_both_values_and_ends_with_1(
    counted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(counted, "UPDATE moments SET sum_y = sum_y + 1")

    code = main(["verify", "--without-topic", "--metrics-file", str(tmp_path / "verify.prom")])

    shown = capsys.readouterr().out
    assert code == 1
    assert (
        "(definition 1): accepted-leads, a, exposed 2026-01-02: sum_y: stored 2, recomputed 1"
        in (shown)
    )
    assert "1 differences: 1 in moments." in shown
    told = (tmp_path / "verify.prom").read_text()
    assert "\nroundtable_verify_differences 1.0\n" in told
    assert "\nroundtable_verify_last_run_timestamp_seconds 1" in told


def test_a_metrics_file_neither_tells_of_a_part_nor_is_lost_in_silence(
    counted: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    part = main(["verify", "--experiment", "subject-line", "--metrics-file", "verify.prom"])
    nowhere = main(["verify", "--without-topic", "--metrics-file", "no/such/verify.prom"])

    assert (part, nowhere) == (2, 2)
    assert "leave out --experiment" in capfd.readouterr().err
    assert list(tmp_path.glob("*.prom")) == []


def test_programs_read_the_same_as_json(counted: str, capsys: pytest.CaptureFixture[str]) -> None:
    change(counted, "UPDATE moments SET sum_yy = 123456789012345678901234567890")

    code = main(["verify", "--experiment", "subject-line", "--json"])

    shown = json.loads(capsys.readouterr().out)
    assert code == 1
    assert shown["counts"] == {"moments": 1}
    assert shown["differences"] == [
        {
            "check": "moments",
            "place": {
                "type": "cell",
                "definition": shown["definitions"][0]["definition"],
                "experiment": "subject-line",
                "metric": "accepted-leads",
                "variant": "a",
                "exposure_day": "2026-01-02",
            },
            "field": "sum_yy",
            "stored": "123456789012345678901234567890",
            "recomputed": "1",
        }
    ]


def test_an_experiment_that_counts_nothing_is_named_and_ends_with_2(
    counted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", "--experiment", "nothing-here"]) == 2

    assert "No experiment 'nothing-here' counts anything." in capsys.readouterr().err


def test_brokers_that_do_not_answer_are_no_result(
    counted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify"]) == 2

    assert f"No Kafka broker answers at {NO_BROKER}" in capsys.readouterr().err


def test_a_database_that_does_not_answer_is_no_result(
    counted: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUNDTABLE_DATABASE", "host=127.0.0.1 port=1")

    assert main(["verify", "--without-topic"]) == 2

    assert "It could not be verified: connection failed" in capsys.readouterr().err


def test_a_database_of_an_older_release_is_no_result(
    counted: str,
    empty_database: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ROUNDTABLE_DATABASE", empty_database)

    assert main(["verify", "--without-topic"]) == 2

    assert "The database lacks 0001_backbone.sql" in capsys.readouterr().err


def test_a_fault_of_our_own_is_no_result(
    counted: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def faulty(*_: object, **__: object) -> None:
        raise ZeroDivisionError("of our own")

    monkeypatch.setattr(verify, "verify", faulty)

    assert main(["verify", "--without-topic"]) == 2

    assert "ZeroDivisionError: of our own" in capsys.readouterr().err
