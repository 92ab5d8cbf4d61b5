"""The registered event types as the gateway knows them: kept current, asked for where in doubt."""

import asyncio
import logging
import time
from collections.abc import Collection

from api.database import Database, DatabaseUnreachableError
from schemas.own_types import OwnTypes
from storage.known_types import REFRESH_SECONDS, KnownTypes
from storage.pool import UNREACHABLE

LOOK_UP_SECONDS = 2.0

_LOG = logging.getLogger(__name__)


class RegisteredTypes:
    """What is known of own types; an event that it refuses is judged again once it has learned."""

    def __init__(self, database: Database) -> None:
        """Take the database that holds the registered types."""
        self._database = database
        self._known = KnownTypes()

    @property
    def own_types(self) -> OwnTypes:
        """The types met so far, to judge by."""
        return self._known.own_types

    async def learn(self, names: Collection[str]) -> bool:
        """Look for these types; return whether any is new. Raises DatabaseUnreachableError."""
        now = time.monotonic()
        if not self._known.lacks(names, now):
            return False
        try:
            async with (
                asyncio.timeout(LOOK_UP_SECONDS),
                self._database.connection(within=LOOK_UP_SECONDS) as connection,
            ):
                return await self._known.learn(connection, names, now)
        except (TimeoutError, *UNREACHABLE) as error:
            raise DatabaseUnreachableError from error

    async def run(self) -> None:
        """Keep what is known current until cancelled."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                await self.learn(())
            except DatabaseUnreachableError:
                _LOG.warning("Newer versions of event types are not heard of at the moment")
