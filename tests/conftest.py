"""Fixtures that every test may ask for by name, and how long random searches take."""

import warnings

from hypothesis import settings

with warnings.catch_warnings():
    # kafka-python reads its schemas at import with a function that Python 3.11 calls deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    import kafka as kafka

from tests.services import (
    database,
    databases,
    empty_database,
    kafka_broker,
    migrated_template,
    postgres_server,
    service_settings,
)

# Every run repeats one brief search; `--hypothesis-profile default` or `thorough` search anew.
settings.register_profile("brief", max_examples=30, derandomize=True, deadline=None)
settings.load_profile("brief")

__all__ = [
    "database",
    "databases",
    "empty_database",
    "kafka_broker",
    "migrated_template",
    "postgres_server",
    "service_settings",
]
