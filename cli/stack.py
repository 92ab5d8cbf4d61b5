"""What runs in a data directory, written down for every other command to find.

`find` reads it; `running_services` runs Kafka and PostgreSQL alone; `cli.running.running_stack`
runs everything.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from cli.data_dir import DEFAULT_DATA_DIR, DataDir, write_private
from cli.processes import ProcessRecord, is_alive
from cli.services import Services as Services
from cli.services import running_services as running_services
from cli.settings import Settings
from cli.stack_error import StackError
from storage.kafka_access import PLAINTEXT, KafkaAccess

SERVICE_ROLES = ("kafka", "postgres")


class NoStackError(StackError):
    """A command needs Kafka or PostgreSQL and none runs in its data directory."""


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """One stack as it was started: addresses, token, and the processes that are ours by role."""

    kafka: str
    database: str
    http: str | None
    api_metrics: tuple[str, ...] = ()
    """Where each process of the API tells its metrics."""
    worker_http: str | None = None
    """Where the worker says how it fares."""
    token: str
    public_url: str | None = None
    """What people open, where that was set."""
    ready: bool = False
    runner: ProcessRecord
    processes: Mapping[str, ProcessRecord]

    def kafka_access(self, settings: Settings) -> KafkaAccess:
        """Return how its Kafka wants to be spoken to: the secrets of an external one stay outside.

        They are in the environment of whoever asks; what is written down holds none of them.
        """
        return PLAINTEXT if "kafka" in self.processes else settings.kafka_access

    def is_alive(self, role: str) -> bool:
        """Say whether the process of this role runs; False for one that is not ours."""
        record = self.processes.get(role)
        return record is not None and is_alive(record)

    def __repr__(self) -> str:
        return f"Stack(kafka={self.kafka!r}, http={self.http!r})"  # database and token are secrets


def find(data_dir: Path = DEFAULT_DATA_DIR) -> Stack | None:
    """Return the stack that runs in this directory, also when only its services were left."""
    stack = recorded(data_dir)
    if stack is None:
        return None
    ours = [role for role in SERVICE_ROLES if role in stack.processes]
    alive = all(stack.is_alive(role) for role in ours) if ours else is_alive(stack.runner)
    return stack if alive else None


def recorded(data_dir: Path) -> Stack | None:
    """Return what was last written down, whether or not it still runs."""
    layout = DataDir(data_dir.expanduser().resolve())
    try:
        content = layout.state_file.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return msgspec.json.decode(content, type=Stack)
    except msgspec.DecodeError as error:
        raise StackError(f"{layout.state_file} cannot be read ({error}); remove it.") from error


def record(layout: DataDir, stack: Stack) -> None:
    """Write the stack down in one step, readable by its owner alone."""
    write_private(layout.state_file, msgspec.json.format(msgspec.json.encode(stack)).decode())


def locate_services(data_dir: Path, settings: Settings) -> Services:
    """Return the Kafka and PostgreSQL a command should use: the environment's, else the stack's."""
    stack = None if settings.kafka and settings.database else find(data_dir)
    kafka = settings.kafka or (stack.kafka if stack else None)
    database = settings.database or (stack.database if stack else None)
    if kafka is None or database is None:
        raise NoStackError(
            f"Nothing runs in {data_dir}. Start it with `roundtable up`, "
            "or set ROUNDTABLE_KAFKA and ROUNDTABLE_DATABASE."
        )
    return Services(kafka, database, kafka_access=kafka_access_of(settings, stack))


def kafka_access_of(settings: Settings, stack: Stack | None) -> KafkaAccess:
    """Return how the Kafka of the environment, else of the stack, wants to be spoken to."""
    if settings.kafka is None and stack is not None:
        return stack.kafka_access(settings)
    return settings.kafka_access
