"""The whole house, once for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from api import access
from api.rate_limits import Rate
from tests.api.house import House
from tests.api.shared_house import open_house
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
    with open_house(database, are_webhooks_private=True) as house:
        house.app.state.services = replace(house.app.state.services, log=TakingLog())
        yield house


@contextmanager
def _without_limits() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PERSON_RATE", "MACHINE_RATE", "STRANGER_RATE"):
            patch.setattr(access, name, UNLIMITED)
        yield
