"""How much of the machine the embedded PostgreSQL takes, and how far apart its checkpoints are."""

from collections.abc import Sequence

MEBIBYTE = 1024 * 1024
LEAST, MOST = 128 * MEBIBYTE, 2048 * MEBIBYTE


def server_options(memory_bytes: int) -> Sequence[str]:
    """Return settings for a machine of so much memory, which broker, API and workers share.

    An eighth of it for the pages of tables: half of what a server of its own would get. Checkpoints
    far apart, for each page that is changed after one is written to the log as a whole: a stream
    that touches accounts in no order writes several times as much log with the defaults.
    """
    shared = min(max(memory_bytes // 8, LEAST), MOST) // MEBIBYTE
    return (
        f"shared_buffers={shared}MB",
        "max_wal_size=4GB",
        "checkpoint_timeout=15min",
    )
