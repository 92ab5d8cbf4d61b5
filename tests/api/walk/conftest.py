"""The whole house, once for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from argon2 import profiles

from api import access
from api.app import build_app
from api.passwords import Passwords
from api.rate_limits import Rate
from tests.api.house import House
from tests.api.serving import serving, settings, wait_for
from tests.api.walk.taking_log import TakingLog
from tests.api.walk.whole_house import WholeHouse, whole_house
from tests.databases import Databases, drop

UNLIMITED = Rate(per_second=1e9, at_once=10**9)


@pytest.fixture(scope="module")
def whole(databases: Databases, postgres_server: str) -> Iterator[WholeHouse]:
    """A house in which everything stands once; nobody is slowed down in it."""
    database = databases.copied()
    with _without_limits(), _house(database) as house, whole_house(house) as furnished:
        yield furnished
    drop(postgres_server, database)


@contextmanager
def _house(database: str) -> Iterator[House]:
    app = build_app(settings(database=database, are_webhooks_private=True))
    app.state.entrance = replace(app.state.entrance, passwords=Passwords(profiles.CHEAPEST))
    with serving(app) as client:
        app.state.services = replace(app.state.services, log=TakingLog())
        wait_for(lambda: client.get("/v1/metrics").status_code == 200)
        yield House(app, client, database)


@contextmanager
def _without_limits() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PERSON_RATE", "MACHINE_RATE", "STRANGER_RATE"):
            patch.setattr(access, name, UNLIMITED)
        yield
