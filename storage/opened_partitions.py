"""Gives partitions that were never read their row, before anything of them is read.

The commit waits for the disk: were it forgotten in a crash, a batch could take the place where it
begins for the place where the partition does, and skip what lies before it.
"""

from collections.abc import Mapping
from uuid import UUID

from storage.offsets import open_partition
from storage.pool import Connection
from storage.statements import statement


async def open_partitions(
    connection: Connection, topic_ids: Mapping[str, UUID], log_starts: Mapping[tuple[str, int], int]
) -> None:
    """Open each (topic, partition) where its log begins; one that was read stays where it is."""
    await connection.execute(statement("commit_to_disk"))
    for (topic, partition), log_start in sorted(log_starts.items()):
        await open_partition(connection, topic_ids[topic], topic, partition, log_start)
