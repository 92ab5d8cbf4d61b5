"""The embedded Apache Kafka: one KRaft node, its log on disk, on the loopback interface only.

Starting it again, after a stop or a crash, serves the same topics and records.
"""

import base64
import os
import shutil
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.java import Java, find_java
from cli.kafka_config import BrokerPorts, log4j_properties, server_properties
from cli.kafka_install import installed_jars
from cli.ports import LOOPBACK, answers, choose_port
from cli.processes import (
    Command,
    NotReadyError,
    ProcessRecord,
    is_alive,
    launch,
    log_tail,
    run_to_end,
    stop,
    strays,
    wait_until,
)
from cli.reporting import Report, silent
from cli.settings import Settings
from cli.stack_error import StackError

ROLE = "kafka"
# One node of one laptop: compiled once and collected by one thread, it starts with 40 % less
# processor time and serves the same batches with a third less (measured, decision 0002).
JVM_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
START_SECONDS = 90
STOP_SECONDS = 30


class KafkaFormatError(StackError):
    """Kafka refused to prepare its storage directory."""


@dataclass(frozen=True)
class KafkaHome:
    """The directories of one broker."""

    directory: Path
    logs: Path
    owner: Path

    @property
    def data(self) -> Path:
        """Kafka's log: topics and metadata."""
        return self.directory / "data"

    @property
    def configuration(self) -> Path:
        """What the broker was last started with: also where a second `up` reads its address."""
        return self.directory / "server.properties"

    @property
    def log(self) -> Path:
        """What the program prints."""
        return self.logs / "kafka.log"


@dataclass(frozen=True)
class Kafka:
    """A running broker: its bootstrap address and its process."""

    address: str
    process: ProcessRecord


@contextmanager
def running_kafka(home: KafkaHome, settings: Settings, report: Report = silent) -> Iterator[Kafka]:
    """Run a broker for the length of a block."""
    kafka = start_kafka(home, settings, report)
    try:
        yield kafka
    finally:
        stop_kafka(kafka.process)


def start_kafka(home: KafkaHome, settings: Settings, report: Report = silent) -> Kafka:
    """Use the broker that runs already, or install, format on first use, and start one."""
    home.directory.mkdir(parents=True, exist_ok=True)
    home.logs.mkdir(parents=True, exist_ok=True)
    return find_kafka(home) or _start(home, settings, report)


def find_kafka(home: KafkaHome) -> Kafka | None:
    """Return the broker that a former `up` left running; one that does not answer is stopped."""
    left = [record for role, record in strays(home.owner) if role == ROLE]
    kafka = Kafka(_configured_address(home), left[0]) if len(left) == 1 else None
    if kafka is not None and _serves_in_time(kafka):
        return kafka
    for record in left:
        stop_kafka(record)
    return None


def _start(home: KafkaHome, settings: Settings, report: Report) -> Kafka:
    java = find_java(os.environ, chosen=settings.java)
    jars = installed_jars(settings, report)
    ports = _choose_ports(settings.kafka_port)
    command = _command(home, java, jars, ports)
    process = launch(command)
    try:
        wait_until(lambda: answers(ports.clients), process, command, seconds=START_SECONDS)
    except NotReadyError:
        stop(process)
        raise
    return Kafka(f"{LOOPBACK}:{ports.clients}", process)


def stop_kafka(process: ProcessRecord) -> None:
    """Let the broker close its log; an unclean end costs only a recovery at the next start."""
    stop(process, gently=signal.SIGTERM, patience=STOP_SECONDS)


def is_serving(kafka: Kafka) -> bool:
    """Say whether this very broker still runs and accepts connections."""
    port = int(kafka.address.rpartition(":")[2])
    return is_alive(kafka.process) and answers(port)


def _serves_in_time(kafka: Kafka) -> bool:
    # It may still have been starting when its parent was killed.
    deadline = time.monotonic() + START_SECONDS
    while is_alive(kafka.process) and time.monotonic() < deadline:
        if is_serving(kafka):
            return True
        time.sleep(0.1)
    return False


def _configured_address(home: KafkaHome) -> str:
    for line in home.configuration.read_text().splitlines():
        name, _, value = line.partition("=")
        if name == "advertised.listeners":
            return value.rpartition("/")[2]
    raise KafkaFormatError(f"{home.configuration} names no listener; remove that file.")


def _choose_ports(preferred: int) -> BrokerPorts:
    clients = choose_port(preferred)
    return BrokerPorts(clients, choose_port(clients + 1, taken=frozenset({clients})))


def _command(home: KafkaHome, java: Java, jars: list[Path], ports: BrokerPorts) -> Command:
    logging = home.directory / "log4j2.properties"
    logging.write_text(log4j_properties(home.logs / "kafka-server.log"))
    classpath = os.pathsep.join(str(jar) for jar in jars)
    log4j = f"-Dlog4j2.configurationFile={logging}"
    java_line = [str(java.program), *JVM_OPTIONS, log4j, "-cp", classpath]
    if not home.data.exists():
        _format(home, [*java_line, "kafka.tools.StorageTool"], ports)
    home.configuration.write_text(server_properties(ports, home.data))
    memory = ["-Xms128m", "-Xmx512m", "-XX:+ExitOnOutOfMemoryError"]
    argv = [*java_line[:-2], *memory, *java_line[-2:], "kafka.Kafka", str(home.configuration)]
    return Command(ROLE, argv, home.log, home.owner)


def _format(home: KafkaHome, tool: list[str], ports: BrokerPorts) -> None:
    # Formatted aside and renamed: a crash leaves either no storage or a whole one.
    draft = home.directory / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    configuration = home.directory / "format.properties"
    configuration.write_text(server_properties(ports, draft))
    # With "=", as an id may begin with a dash.
    arguments = ["format", f"--cluster-id={_new_cluster_id()}", f"--config={configuration}"]
    if run_to_end(Command("format", [*tool, *arguments], home.log, home.owner)) != 0:
        raise KafkaFormatError(f"Kafka cannot use {home.directory}.\n{log_tail(home.log)}")
    draft.rename(home.data)


def _new_cluster_id() -> str:
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
