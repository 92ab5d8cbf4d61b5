"""Splits records by partition, as every Kafka client does: murmur2 of the key. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from aiokafka.partitioner import murmur2


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the log: its key decides on the partition."""

    key: bytes
    value: bytes


def positions_by_partition(
    records: Sequence[Record], partitions: Sequence[int]
) -> dict[int, list[int]]:
    """Return for each partition the positions of its records, in their order."""
    found: dict[int, list[int]] = {}
    for position, record in enumerate(records):
        partition = partitions[_hash(record.key) % len(partitions)]
        found.setdefault(partition, []).append(position)
    return found


# The hash is plain Python and the keys of a batch repeat: accounts send many events.
@lru_cache(maxsize=65_536)
def _hash(key: bytes) -> int:
    return int(murmur2(key)) & 0x7FFFFFFF
