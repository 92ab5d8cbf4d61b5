"""`python -m api`: reads the settings from the environment and serves until SIGTERM or Ctrl-C."""

import os
import sys

from api.listening import AddressTakenError, open_listeners
from api.processes import processes_of_api
from api.settings import LOG_LEVEL, SettingError, Settings
from observability.log_lines import log_to_stderr
from storage.kafka_access import KafkaAccessError

KILL_MARGIN_SECONDS = 5.0
"""How much longer than it may take a process is waited for before it is killed."""


def main() -> int:
    """Serve; exit code 2 where a setting is wrong."""
    try:
        settings = Settings.from_env(os.environ)
        log_to_stderr(settings.telemetry.log_format, LOG_LEVEL)
        settings.kafka_access.client_options()  # a file that cannot be read is named at the start
        if settings.processes > 1:
            return _serve_by_many(settings)
    except (SettingError, KafkaAccessError, AddressTakenError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    # The parent of many serves nothing, and saves the 100 MB that this loads.
    from api.one_process import serve  # noqa: PLC0415

    serve(settings)
    return 0


def _serve_by_many(settings: Settings) -> int:
    listeners = open_listeners(settings.host, settings.port, settings.processes)
    patience = settings.finish_seconds + KILL_MARGIN_SECONDS
    return processes_of_api(listeners, patience).run()


if __name__ == "__main__":
    sys.exit(main())
