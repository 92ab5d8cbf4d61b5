"""The packed state of each home."""

from collections.abc import Collection, Mapping

from storage.arrays import Blobs, Texts
from storage.pool import Connection
from storage.statements import statement


class StatesOfAnotherError(Exception):
    """Another partition of the log wrote one of the states: taking it over has to be done alone."""


async def states_of_homes(
    connection: Connection, homes: Collection[str], *, number: int, alone: bool, for_update: bool
) -> dict[str, bytes]:
    """Return the packed states of those homes that have one, to the partition of this number.

    `for_update` holds off a build that runs beside; without one, the fence on the partition is
    all the exclusion that a home of the partition needs. Where another partition wrote one, or none
    yet (its state is older than such notes): raises StatesOfAnotherError, or alone takes it over.
    """
    name = "states_of_homes_for_update" if for_update else "states_of_homes"
    asked = {"homes": Texts(homes), "number": number}
    rows = await (await connection.execute(statement(name), asked)).fetchall()
    others = [home for home, _, is_of_another in rows if is_of_another]
    if others and not alone:
        raise StatesOfAnotherError
    if others:
        taken = {"homes": Texts(others), "number": number}
        await connection.execute(statement("take_over_homes"), taken)
    return {home: state for home, state, _ in rows}


async def read_states(connection: Connection, homes: Collection[str]) -> dict[str, bytes]:
    """Return the packed states of those homes that have one, for a look that changes nothing."""
    cursor = await connection.execute(statement("read_states"), {"homes": Texts(homes)})
    return dict(await cursor.fetchall())


async def states_to_reevaluate(connection: Connection, homes: Collection[str]) -> dict[str, bytes]:
    """Return the packed states of those homes that have one, locked."""
    cursor = await connection.execute(statement("states_to_reevaluate"), {"homes": Texts(homes)})
    return dict(await cursor.fetchall())


async def upsert_states(
    connection: Connection, states: Mapping[str, bytes], *, number: int, alone: bool
) -> None:
    """Store what a batch of the partition of this number changed.

    Raises StatesOfAnotherError, unless alone, where another one was faster with a home that was new
    to both.
    """
    if not states:
        return
    values = {"homes": Texts(states), "states": Blobs(states.values())}
    stored = await connection.execute(
        statement("upsert_states"), {**values, "number": number, "takes_over": alone}
    )
    if stored.rowcount != len(states):
        raise StatesOfAnotherError


async def update_states(connection: Connection, states: Mapping[str, bytes]) -> None:
    """Store states that were evaluated anew; each stays with the partition that it belongs to."""
    if states:
        await connection.execute(
            statement("update_states"),
            {"homes": Texts(states), "states": Blobs(states.values())},
        )


async def home_count(connection: Connection) -> int:
    """Return the number of homes that have a state."""
    row = await (await connection.execute(statement("home_count"))).fetchone()
    assert row is not None
    return int(row[0])
