"""Which processes are behind an address, to look at their CPU time."""

from collections.abc import Sequence

import psutil


def listening_at(address: str) -> Sequence[int]:
    """Return the pids of this machine's processes that listen at this host and port."""
    port = int(address.rpartition(":")[2])
    return sorted(
        {
            found.pid
            for found in psutil.net_connections("tcp")
            if found.status == psutil.CONN_LISTEN and found.laddr.port == port and found.pid
        }
    )
