"""What the worker process reads from its environment, once, into a frozen value."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from observability.settings import AS_USUAL, TelemetrySettings
from storage.kafka_access import KafkaAccess

GROUP = "roundtable"
LAG_LIMIT = 100_000
"""Records that may wait while a worker is called ready: some seconds of work."""

BATCH_RECORDS = 20_000
"""Records of a batch at most. The more are read at once, the less often a home's state and a cell
of moments are written; the more is held in memory, and is done anew after a kill."""


class SettingError(Exception):
    """An environment variable holds a value that cannot be used."""

    def __init__(self, name: str, value: str, rule: str) -> None:
        self.name = name
        super().__init__(f"{name} is {value!r}; it must be {rule}.")


class SettingMissingError(Exception):
    """An environment variable that the worker cannot do without is not set."""

    def __init__(self, name: str, meaning: str) -> None:
        self.name = name
        super().__init__(f"{name} is not set: it is {meaning}. `roundtable up` sets it by itself.")


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Where the log and the database are, the secret of the pseudonyms, and the group.

    `batch_records`: how many records are applied in one transaction, at most.
    `health_port`: where the worker says whether it is ready; None where nobody asks.
    """

    kafka: str
    kafka_access: KafkaAccess
    database: str = field(repr=False)
    hash_key: bytes = field(repr=False)
    allowed_staff_fields: frozenset[str]
    group: str
    instance: str | None
    log_level: str
    health_host: str
    health_port: int | None
    lag_limit: int
    batch_records: int
    telemetry: TelemetrySettings = AS_USUAL

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "WorkerSettings":
        """Read the environment.

        Raises SettingMissingError, SettingError, KafkaAccessError and TelemetrySettingError.
        """
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
            health_host=environ.get("ROUNDTABLE_WORKER_HTTP_HOST") or "127.0.0.1",
            health_port=_number(environ, "ROUNDTABLE_WORKER_HTTP_PORT", most=65_535),
            lag_limit=_number(environ, "ROUNDTABLE_WORKER_LAG_LIMIT", most=10**12) or LAG_LIMIT,
            batch_records=(
                _number(environ, "ROUNDTABLE_WORKER_BATCH_RECORDS", most=100_000) or BATCH_RECORDS
            ),
            telemetry=TelemetrySettings.from_env(environ),
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


def _number(environ: Mapping[str, str], name: str, *, most: int) -> int | None:
    text = environ.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= most):
        raise SettingError(name, text, f"a whole number from 1 to {most}")
    return int(text)
