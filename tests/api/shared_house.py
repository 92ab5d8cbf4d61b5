"""Houses with a database of their own: for one test, or for all tests of a module."""

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
def open_house(database: str, **changes: object) -> Iterator[House]:
    """Serve an API with this database, in which nobody is signed in yet."""
    app = build_app(settings(database=database, **changes))
    # As many people sign in here as in a year; what a hash costs has tests of its own.
    cheap = Passwords(profiles.CHEAPEST)
    app.state.entrance = replace(app.state.entrance, passwords=cheap)
    with serving(app) as client:
        wait_for(lambda: client.get("/v1/metrics").status_code == 200)
        yield House(app, client, database)


@contextmanager
def shared_house(databases: Databases, server: str) -> Iterator[House]:
    """Open a house for all tests of a module: they read, or name what they change anew."""
    database = databases.copied()
    with open_house(database) as house:
        yield house
    drop(server, database)
