"""`python -m api`: reads the settings from the environment and serves until SIGTERM or Ctrl-C."""

import logging
import os
import sys

from api.app import build_app
from api.server import Server
from api.settings import SettingError, Settings
from storage.kafka_access import KafkaAccessError


def main() -> int:
    """Serve; exit code 2 where a setting is wrong."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = Settings.from_env(os.environ)
        settings.kafka_access.client_options()  # a file that cannot be read is named at the start
    except (SettingError, KafkaAccessError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    Server(
        build_app(settings),
        host=settings.host,
        port=settings.port,
        # What waits for Kafka's acknowledgement is answered before the process ends.
        finish_seconds=settings.acknowledge_seconds + 5,
    ).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
