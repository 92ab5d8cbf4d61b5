"""A house for all tests of a module: they read, or name what they change anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from argon2 import profiles

from api.app import build_app
from api.passwords import Passwords
from tests.api.house import House
from tests.api.serving import serving, settings, wait_for
from tests.databases import Databases, drop


@contextmanager
def shared_house(databases: Databases, server: str) -> Iterator[House]:
    """Serve an API with a database that nobody else has."""
    database = databases.copied()
    app = build_app(settings(database=database))
    app.state.entrance = replace(app.state.entrance, passwords=Passwords(profiles.CHEAPEST))
    with serving(app) as client:
        wait_for(lambda: client.get("/v1/metrics").status_code == 200)
        yield House(app, client, database)
    drop(server, database)
