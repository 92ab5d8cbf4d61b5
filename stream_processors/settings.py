"""What a worker is told at its start: frozen values, read once at the edge."""

from dataclasses import dataclass

from storage.kafka_access import PLAINTEXT, KafkaAccess
from storage.kafka_trouble import servers_of

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSettings:
    """How a worker reads from Kafka.

    `instance` makes the worker a static member of its group: a restart under the same name takes
    its partitions back at once instead of after `session_timeout_seconds`. Two running workers
    must never share it.
    """

    bootstrap: str
    group: str
    instance: str | None = None
    access: KafkaAccess = PLAINTEXT
    max_batch_records: int = 20_000
    max_batch_bytes: int = 16 * MEBIBYTE
    max_fetch_bytes: int = 8 * MEBIBYTE
    # A fetch that waits at the broker holds up the partitions it does not ask for.
    fetch_wait_ms: int = 25
    session_timeout_seconds: float = 10.0
    heartbeat_seconds: float = 3.0
    commit_interval_seconds: float = 1.0
    request_timeout_seconds: float = 90.0
    # Faust stops recovering without a word when a seek outlasts its request timeout, so a table
    # that does not answer has to fail earlier and loudly.
    start_offsets_timeout_seconds: float = 30.0
    # How many of the requests that a batch came in with its span is linked to; 0: none is traced.
    most_traces: int = 0

    def __post_init__(self) -> None:
        for name in ("max_batch_records", "max_batch_bytes", "max_fetch_bytes", "fetch_wait_ms"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}.")
        if not self.bootstrap_servers:
            raise ValueError("bootstrap must name at least one host:port.")

    @property
    def bootstrap_servers(self) -> tuple[str, ...]:
        """The addresses in `bootstrap`, which holds them separated by commas."""
        return tuple(servers_of(self.bootstrap))
