"""The worker as a run starts it: the real one, with a shorter session and a clock that can jump.

A broken build is made here as well, by patches: the worker's own code knows no such switch.
"""

import os
import signal
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType

BUILD = "ROUNDTABLE_CHAOS_BUILD"
CLOCK = "ROUNDTABLE_CHAOS_CLOCK"
SESSION_SECONDS = 6.0  # the shortest that a broker takes


def main() -> int:
    """Patch, then run the worker as `python -m stream_processors` does."""
    let_clock_jump(Path(os.environ[CLOCK]))
    # Imported late: what they take from the module time has to be the clock that jumps.
    from stream_processors import __main__ as process  # noqa: PLC0415
    from stream_processors.settings import KafkaSettings  # noqa: PLC0415
    from tests.chaos import broken_builds  # noqa: PLC0415

    shorter = partial(KafkaSettings, session_timeout_seconds=SESSION_SECONDS, heartbeat_seconds=1.0)
    process.KafkaSettings = shorter  # type: ignore[assignment, attr-defined]
    process._now = lambda: datetime.fromtimestamp(time.time(), UTC)
    broken_builds.apply(os.environ.get(BUILD, ""))
    return process.main()


def let_clock_jump(file: Path) -> None:
    """On SIGUSR1, go by a clock that is off by the seconds that the file holds then."""
    seconds, nanoseconds = time.time, time.time_ns
    off = float(file.read_text())

    def jump(_number: int, _frame: FrameType | None) -> None:
        nonlocal off
        off = float(file.read_text())

    time.time = lambda: seconds() + off
    time.time_ns = lambda: nanoseconds() + int(off * 1_000_000_000)
    signal.signal(signal.SIGUSR1, jump)


if __name__ == "__main__":
    sys.exit(main())
