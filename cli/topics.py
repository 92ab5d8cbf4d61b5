"""Makes the topics of the catalogue: creates the missing ones, reports those that differ."""

import argparse
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError
from rich.table import Table

from cli.data_dir import add_data_dir
from cli.reporting import OUTPUT
from cli.settings import Settings
from cli.stack import locate_services
from cli.stack_error import StackError
from schemas.catalog import TOPICS, Topic
from storage.kafka_access import PLAINTEXT, KafkaAccess
from storage.kafka_trouble import KafkaTroubleError, check_reachable, servers_of

CONNECT_MS = 15_000


class KafkaUnreachableError(StackError):
    """No broker answered at the given address."""


@dataclass(frozen=True)
class TopicState:
    """A topic of the catalogue and the number of partitions it has; 0 when it does not exist."""

    topic: Topic
    partitions: int

    @property
    def problem(self) -> str | None:
        """What is wrong with it, if anything."""
        if self.partitions == 0:
            return "does not exist"
        if self.partitions != self.topic.partitions:
            return f"has {self.partitions} partitions instead of {self.topic.partitions}"
        return None


def ensure_topics(bootstrap: str, access: KafkaAccess = PLAINTEXT) -> list[str]:
    """Create the topics that do not exist and return their names; safe to repeat."""
    admin = connect(bootstrap, access)
    try:
        missing = [state.topic for state in _states(admin) if state.partitions == 0]
        if missing:
            _create(admin, missing)
        return [topic.name for topic in missing]
    finally:
        admin.close()


def topic_states(bootstrap: str, access: KafkaAccess = PLAINTEXT) -> list[TopicState]:
    """Return every topic of the catalogue as the cluster has it."""
    admin = connect(bootstrap, access)
    try:
        return _states(admin)
    finally:
        admin.close()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_data_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Create, then show all; exit code 1 when one differs from the catalogue."""
    services = locate_services(args.data_dir, Settings.from_env(os.environ))
    created = ensure_topics(services.kafka, services.kafka_access)
    table = Table("topic", "partitions", "state", box=None)
    states = topic_states(services.kafka, services.kafka_access)
    for state in states:
        word = "created" if state.topic.name in created else "present"
        table.add_row(state.topic.name, str(state.partitions), state.problem or word)
    OUTPUT.print(table)
    return 1 if any(state.problem for state in states) else 0


def connect(bootstrap: str, access: KafkaAccess = PLAINTEXT) -> KafkaAdminClient:
    """Open an administration client; the caller closes it."""
    servers = servers_of(bootstrap)
    # Asked first, as the client does not close the sockets of a start that failed.
    if not any(_accepts(server) for server in servers):
        raise _unreachable(bootstrap)
    options = check_access(bootstrap, access)
    try:
        return KafkaAdminClient(
            bootstrap_servers=servers, bootstrap_timeout_ms=CONNECT_MS, **options
        )
    except KafkaError as error:
        raise _unreachable(bootstrap) from error


def check_access(bootstrap: str, access: KafkaAccess) -> Mapping[str, Any]:
    """Return the options of a client that gets in. Raises KafkaUnreachableError where none does.

    A client by itself would try again until its time is over, and keep the reason to its log.
    """
    if access != PLAINTEXT:
        try:
            check_reachable(bootstrap, access)
        except KafkaTroubleError as error:
            raise KafkaUnreachableError(str(error)) from error
    return access.client_options()


def _accepts(server: str) -> bool:
    host, _, port = server.strip().rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=5):
            return True
    except (OSError, ValueError):
        return False


def _unreachable(bootstrap: str) -> KafkaUnreachableError:
    return KafkaUnreachableError(
        f"No Kafka broker answers at {bootstrap}. Start one with `roundtable up`, "
        "or correct ROUNDTABLE_KAFKA (host:port, several separated by commas)."
    )


def _states(admin: KafkaAdminClient) -> list[TopicState]:
    found = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
    return [TopicState(topic, found.get(topic.name, 0)) for topic in TOPICS]


def _create(admin: KafkaAdminClient, topics: list[Topic]) -> None:
    for topic in topics:
        try:
            admin.create_topics({topic.name: _options(topic)})
        except TopicAlreadyExistsError:
            continue  # another process was faster
    admin.wait_for_topics([topic.name for topic in topics], timeout_ms=30_000)


def _options(topic: Topic) -> Mapping[str, object]:
    configs = {"retention.ms": str(-1 if topic.retention_ms is None else topic.retention_ms)}
    if topic.compacted:
        configs["cleanup.policy"] = "compact"
    # -1: as many replicas as the cluster is set up for, one on a laptop.
    return {"num_partitions": topic.partitions, "replication_factor": -1, "configs": configs}
