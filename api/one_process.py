"""One process that serves the API: by itself, or `python -m api.one_process SOCKET NUMBER` of many.

Of many, it listens on a socket that it inherits, and ends when its standard input does: then its
parent is gone.
"""

import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace

from api.app import build_app
from api.connections import ConnectionLimits
from api.server import Server
from api.settings import LOG_LEVEL, Settings
from observability.log_lines import log_to_stderr
from schemas.catalog import EVENTS

COLLECT_AFTER = (50_000, 20, 100)
"""A batch of 500 events makes some ten thousand objects that die with its request. Looking for
cycles among them every 700 costs time and finds nothing."""


def serve(
    settings: Settings,
    listener: socket.socket | None = None,
    *,
    events_topic: str = EVENTS.name,
) -> None:
    """Serve until SIGTERM or Ctrl-C, on this socket or on one of its own."""
    app = build_app(settings, events_topic=events_topic)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    Server(
        app,
        host=settings.host,
        port=settings.port,
        finish_seconds=settings.finish_seconds,
        limits=ConnectionLimits(connections=settings.max_connections),
    ).run(None if listener is None else [listener])


def main(arguments: Sequence[str]) -> int:
    """Serve as one of many; the parent has found nothing wrong with the settings."""
    descriptor, number = (int(argument) for argument in arguments)
    settings = replace(Settings.from_env(os.environ), process=number)
    log_to_stderr(settings.telemetry.log_format, LOG_LEVEL, process=number)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    serve(settings, socket.socket(fileno=descriptor))
    return 0


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
