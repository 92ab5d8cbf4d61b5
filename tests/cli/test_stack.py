"""A stack that is written down is found while it runs, and only then."""

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from cli.data_dir import DataDir
from cli.processes import Command, ProcessRecord, launch, record_of, stop
from cli.services import Services
from cli.settings import Settings
from cli.stack import NoStackError, Stack, find, locate_services, record
from cli.stack_error import StackError
from cli.status import statuses
from storage.kafka_access import PLAINTEXT, KafkaAccess

GONE = ProcessRecord(pid=2**22 - 1, created=1.0)


def _stack(**processes: ProcessRecord) -> Stack:
    return Stack(
        kafka="127.0.0.1:9092",
        database="host=127.0.0.1 password=hidden",
        http="http://127.0.0.1:8000",
        token="concealed",
        runner=GONE,
        processes=processes,
    )


@pytest.fixture
def layout(tmp_path: Path) -> DataDir:
    return DataDir.at(tmp_path)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ProcessRecord]:
    process = launch(Command("kafka", ["/bin/sleep", "60"], tmp_path / "kafka.log", tmp_path))
    yield process
    stop(process)


def test_a_stack_whose_services_run_is_found_though_its_runner_was_killed(
    layout: DataDir, service: ProcessRecord
) -> None:
    stack = _stack(kafka=service, postgres=record_of(os.getpid()))
    record(layout, stack)

    assert find(layout.root) == stack


def test_a_stack_without_one_of_its_services_is_not_found(
    layout: DataDir, service: ProcessRecord
) -> None:
    record(layout, _stack(kafka=service, postgres=GONE))

    assert find(layout.root) is None


def test_a_stack_on_external_services_runs_as_long_as_its_runner(layout: DataDir) -> None:
    record(layout, _stack())
    assert find(layout.root) is None

    record(layout, msgspec.structs.replace(_stack(), runner=record_of(os.getpid())))
    assert find(layout.root) is not None


def test_nothing_is_found_where_nothing_was_started(tmp_path: Path) -> None:
    assert find(tmp_path / "nothing") is None


def test_a_damaged_record_is_named(layout: DataDir) -> None:
    layout.state_file.write_text('{"kafka": 1}')

    with pytest.raises(StackError, match=r"stack\.json"):
        find(layout.root)


def test_the_record_is_for_its_owner_alone_and_its_secrets_are_not_shown(layout: DataDir) -> None:
    stack = _stack()

    record(layout, stack)

    assert stat.S_IMODE(layout.state_file.stat().st_mode) == 0o600
    assert "hidden" not in repr(stack)
    assert "concealed" not in repr(stack)
    assert "hidden" not in repr(Services(stack.kafka, stack.database))


def test_a_stack_s_own_kafka_speaks_plain_text_whatever_the_environment_says_of_another(
    layout: DataDir, service: ProcessRecord
) -> None:
    signed_in = KafkaAccess(security="SASL_SSL", mechanism="PLAIN", user="u", password="p")
    settings = Settings(kafka_access=signed_in)
    ours = _stack(kafka=service)
    external = msgspec.structs.replace(_stack(), runner=record_of(os.getpid()))

    record(layout, ours)
    of_ours = locate_services(layout.root, settings)
    record(layout, external)
    of_external = locate_services(layout.root, settings)
    named = locate_services(layout.root, replace(settings, kafka="k:9093", database="host=d"))

    assert of_ours.kafka_access == PLAINTEXT
    assert of_external.kafka_access == named.kafka_access == signed_in
    assert (named.kafka, named.database) == ("k:9093", "host=d")


def test_the_environment_comes_before_the_running_stack(
    layout: DataDir, service: ProcessRecord
) -> None:
    record(layout, _stack(kafka=service))

    services = locate_services(layout.root, Settings(database="host=elsewhere"))

    assert (services.kafka, services.database) == ("127.0.0.1:9092", "host=elsewhere")


def test_without_a_stack_a_command_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(NoStackError, match="roundtable up"):
        locate_services(tmp_path, Settings(kafka="only:9092"))


def test_the_status_tells_running_ended_and_external_processes_apart(
    service: ProcessRecord,
) -> None:
    rows = statuses(_stack(kafka=service), now=service.created + 5)

    found = {row.role: (row.running, row.seconds) for row in rows}
    assert found["kafka"] == (True, 5)
    assert found["up"] == (False, None)
    assert found["postgres"] == (None, None)
