"""A stack whose `up` is killed loses nothing; run as an ordinary user beside another stack."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from psycopg.conninfo import conninfo_to_dict

from cli.kafka_install import installed_jars, jar_directory
from cli.processes import is_alive, record_of, strays
from cli.settings import Settings
from cli.stack import Stack, find
from tests.cli.ordinary_user import OrdinaryUser, ordinary_user
from tests.services import KafkaBroker, open_directory

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 120
TOPIC = TopicPartition("events", 0)


@dataclass
class Program:
    """The `roundtable` program of one ordinary user and one data directory."""

    user: OrdinaryUser
    directory: Path
    environ: dict[str, str]
    ups: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def data_dir(self) -> Path:
        return self.directory / "stack"

    def up(self) -> Stack:
        """Start `up` and return the stack once it is ready."""
        with (self.directory / "up.log").open("ab") as log:
            command = self._command("up")
            child = subprocess.Popen(
                command, env=self.environ, cwd=self.directory, stdout=log, stderr=log
            )
        self.ups.append(child)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while child.poll() is None and time.monotonic() < deadline:
            stack = find(self.data_dir)
            if stack is not None and stack.ready and stack.runner.pid == child.pid:
                return stack
            time.sleep(0.1)
        pytest.fail((self.directory / "up.log").read_text())

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        command = self._command(*words)
        return subprocess.run(
            command,
            check=False,
            env=self.environ,
            cwd=self.directory,
            capture_output=True,
            text=True,
        )

    def left_over(self) -> list[str]:
        """Return the roles of all processes that were started for the data directory."""
        return [role for role, _ in strays(self.data_dir)]

    def _command(self, *words: str) -> list[str]:
        program = [sys.executable, "-m", "cli", *words, "--data-dir", str(self.data_dir)]
        return [*self.user.prefix, *program]


@pytest.fixture
def program(
    service_settings: Settings, kafka_broker: KafkaBroker, postgres_server: str
) -> Iterator[Program]:
    """The program, told to use ports that another stack has already."""
    installed_jars(service_settings)
    user = ordinary_user()
    with open_directory("roundtable-up-") as directory:
        shutil.copytree(jar_directory(service_settings), directory / "cache" / "jars")
        user.own(directory)
        environ = {
            **os.environ,
            "HOME": str(directory),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "ROUNDTABLE_CACHE": str(directory / "cache"),
            "ROUNDTABLE_KAFKA_PORT": kafka_broker.address.rpartition(":")[2],
            "ROUNDTABLE_DATABASE_PORT": str(conninfo_to_dict(postgres_server)["port"]),
        }
        started = Program(user, directory, environ)
        yield started
        started.run("down")
        for child in started.ups:
            child.wait()


def test_a_killed_up_loses_nothing_and_the_next_one_goes_on(
    program: Program, kafka_broker: KafkaBroker, postgres_server: str
) -> None:
    first = program.up()
    _assert_beside(first, kafka_broker, postgres_server)
    _assert_owned_by(program.user, first)
    _write(first)
    refused = program.run("up")

    _kill(first.runner.pid)
    left = find(program.data_dir)
    second = program.up()

    assert refused.returncode == 2
    assert f"process {first.runner.pid}" in refused.stderr
    assert left is not None, "Kafka and PostgreSQL outlive a killed `up`"
    for role in ("kafka", "postgres"):
        assert second.processes[role] == first.processes[role], "they are used again"
    for role in ("api", "worker"):
        assert second.processes[role] != first.processes[role]
        assert not is_alive(first.processes[role]), "the old ones are replaced"
    assert _read(second) == (b"kept", "kept")

    for role in ("kafka", "postgres"):
        _kill(second.processes[role].pid)
    assert program.ups[-1].wait(PATIENCE_SECONDS) == 1, "`up` ends when a service does"
    third = program.up()

    assert third.processes["kafka"] != second.processes["kafka"]
    assert _read(third) == (b"kept", "kept")
    _assert_doctor_is_content(program)
    _assert_worker_is_replaced(program, third)

    os.kill(third.runner.pid, signal.SIGTERM)
    assert program.ups[-1].wait(PATIENCE_SECONDS) == 0
    assert not program.left_over()
    assert find(program.data_dir) is None
    assert program.run("status").returncode == 1


def _assert_beside(stack: Stack, kafka: KafkaBroker, postgres: str) -> None:
    """Both stacks listen, on the loopback interface only, on ports of their own."""
    assert stack.kafka != kafka.address
    assert conninfo_to_dict(stack.database)["port"] != conninfo_to_dict(postgres)["port"]
    for role in ("kafka", "postgres", "api", "worker"):
        assert _listening_addresses(stack.processes[role].pid) == {"127.0.0.1"}


def _listening_addresses(pid: int) -> set[str]:
    connections = psutil.Process(pid).net_connections("tcp")
    listening = (one.laddr.ip for one in connections if one.status == psutil.CONN_LISTEN)
    return {address.removeprefix("::ffff:") for address in listening}


def _assert_owned_by(user: OrdinaryUser, stack: Stack) -> None:
    assert user.uid != 0
    for process in (stack.runner, *stack.processes.values()):
        assert psutil.Process(process.pid).uids().effective == user.uid


def _assert_doctor_is_content(program: Program) -> None:
    done = program.run("doctor", "--json")
    found = {row["check"]: row["verdict"] for row in json.loads(done.stdout)}
    assert "problem" not in found.values(), done.stdout
    assert {found[part] for part in ("topics", "migrations", "api", "worker")} == {"ok"}
    assert done.returncode == 0


def _assert_worker_is_replaced(program: Program, stack: Stack) -> None:
    killed = stack.processes["worker"]
    _kill(killed.pid)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        now = find(program.data_dir)
        if now is not None and now.processes["worker"] != killed and now.is_alive("worker"):
            return
        time.sleep(0.1)
    pytest.fail("the worker was not started again")


def _write(stack: Stack) -> None:
    producer = KafkaProducer(bootstrap_servers=stack.kafka, acks="all")
    producer.send(TOPIC.topic, b"kept", partition=TOPIC.partition).get(timeout=30)
    producer.close()
    with psycopg.connect(stack.database) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'kept'::text AS word")


def _read(stack: Stack) -> tuple[bytes, str]:
    consumer = KafkaConsumer(bootstrap_servers=stack.kafka, consumer_timeout_ms=30_000)
    consumer.assign([TOPIC])
    consumer.seek_to_beginning()
    record = next(consumer)
    consumer.close()
    with psycopg.connect(stack.database) as connection:
        row = connection.execute("SELECT word FROM kept").fetchone()
    assert row is not None
    return record.value, row[0]


def _kill(pid: int) -> None:
    record = record_of(pid)
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while is_alive(record):
        assert time.monotonic() < deadline, f"process {pid} does not die"
        time.sleep(0.05)
