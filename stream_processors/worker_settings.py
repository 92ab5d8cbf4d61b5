"""What the worker process reads from its environment, once, into a frozen value."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from storage.kafka_access import KafkaAccess

GROUP = "roundtable"


class SettingMissingError(Exception):
    """An environment variable that the worker cannot do without is not set."""

    def __init__(self, name: str, meaning: str) -> None:
        self.name = name
        super().__init__(f"{name} is not set: it is {meaning}. `roundtable up` sets it by itself.")


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Where the log and the database are, the secret of the pseudonyms, and the group."""

    kafka: str
    kafka_access: KafkaAccess
    database: str = field(repr=False)
    hash_key: bytes = field(repr=False)
    allowed_staff_fields: frozenset[str]
    group: str
    instance: str | None
    log_level: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "WorkerSettings":
        """Read the environment. Raises SettingMissingError and KafkaAccessError."""
        return cls(
            kafka=_required(environ, "ROUNDTABLE_KAFKA", "the bootstrap address of Kafka"),
            kafka_access=KafkaAccess.from_env(environ),
            database=_required(environ, "ROUNDTABLE_DATABASE", "the address of PostgreSQL"),
            hash_key=_required(
                environ, "ROUNDTABLE_HASH_KEY", "the secret that pseudonyms are made with"
            ).encode(),
            allowed_staff_fields=frozenset(
                environ.get("ROUNDTABLE_ALLOWED_STAFF_FIELDS", "").replace(",", " ").split()
            ),
            group=environ.get("ROUNDTABLE_GROUP", GROUP),
            instance=environ.get("ROUNDTABLE_INSTANCE"),
            log_level=environ.get("ROUNDTABLE_LOG_LEVEL", "INFO").upper(),
        )

    @property
    def name(self) -> str:
        """Name this worker in logs and in the database's list of connections."""
        return f"worker-{self.instance or socket.gethostname()}"


def _required(environ: Mapping[str, str], name: str, meaning: str) -> str:
    value = environ.get(name)
    if not value:
        raise SettingMissingError(name, meaning)
    return value
