"""The packed state of each home."""

from collections.abc import Collection, Mapping

from storage.arrays import Blobs, Texts
from storage.pool import Connection
from storage.statements import statement


async def states_of_homes(
    connection: Connection, homes: Collection[str], *, for_update: bool
) -> dict[str, bytes]:
    """Return the packed states of those homes that have one.

    `for_update` holds off a build that runs beside; without one, the fence on the partition is
    all the exclusion that a home needs.
    """
    name = "states_of_homes_for_update" if for_update else "states_of_homes"
    cursor = await connection.execute(statement(name), {"homes": Texts(homes)})
    return dict(await cursor.fetchall())


async def next_states_for_update(
    connection: Connection, *, after: str, limit: int
) -> dict[str, bytes]:
    """Return up to `limit` states of homes that sort behind `after`, locked."""
    cursor = await connection.execute(
        statement("next_states_for_update"), {"after": after, "limit": limit}
    )
    return dict(await cursor.fetchall())


async def upsert_states(connection: Connection, states: Mapping[str, bytes]) -> None:
    """Store changed states."""
    if states:
        await connection.execute(
            statement("upsert_states"),
            {"homes": Texts(states), "states": Blobs(states.values())},
        )


async def home_count(connection: Connection) -> int:
    """Return the number of homes that have a state."""
    row = await (await connection.execute(statement("home_count"))).fetchone()
    assert row is not None
    return int(row[0])
