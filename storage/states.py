"""The packed state of each home."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from storage.arrays import Blobs, Integers, Texts
from storage.pool import Connection
from storage.statements import statement


class StatesOfAnotherError(Exception):
    """Another partition of the log wrote one of the states: taking it over has to be done alone."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The partition whose batch asks: its number, and of what it asks for the homes it is keyed by.

    `homes` is None where all of them are; only alone may a batch touch another.
    """

    number: int
    homes: Collection[str] | None

    @property
    def is_alone(self) -> bool:
        """Whether no other batch runs beside."""
        return self.homes is not None

    def owns(self, home: str) -> bool:
        """Tell whether events of this home come to the partition."""
        return self.homes is None or home in self.homes


async def states_of_homes(
    connection: Connection, homes: Collection[str], owner: Owner, *, for_update: bool
) -> dict[str, bytes]:
    """Return the packed states of those homes that have one, to the partition that asks.

    `for_update` holds off a build that runs beside; without one, the fence on the partition is
    all the exclusion that a home of the partition needs. Where another partition wrote one, or none
    yet (its state is older than such notes): raises StatesOfAnotherError, or alone takes it over.
    """
    name = "states_of_homes_for_update" if for_update else "states_of_homes"
    asked = {"homes": Texts(homes), "number": owner.number}
    rows = await (await connection.execute(statement(name), asked)).fetchall()
    others = [home for home, _, is_of_another in rows if is_of_another]
    if others and not owner.is_alone:
        raise StatesOfAnotherError
    if taken := [home for home in others if owner.owns(home)]:
        values = {"homes": Texts(taken), "number": owner.number}
        await connection.execute(statement("take_over_homes"), values)
    return {home: state for home, state, _ in rows}


async def read_states(connection: Connection, homes: Collection[str]) -> dict[str, bytes]:
    """Return the packed states of those homes that have one, for a look that changes nothing."""
    cursor = await connection.execute(statement("read_states"), {"homes": Texts(homes)})
    return dict(await cursor.fetchall())


async def states_to_reevaluate(connection: Connection, homes: Collection[str]) -> dict[str, bytes]:
    """Return the packed states of those homes that have one, locked."""
    cursor = await connection.execute(statement("states_to_reevaluate"), {"homes": Texts(homes)})
    return dict(await cursor.fetchall())


async def upsert_states(connection: Connection, states: Mapping[str, bytes], owner: Owner) -> None:
    """Store what a batch of the partition changed.

    Raises StatesOfAnotherError, unless alone, where another one was faster with a home that was new
    to both.
    """
    if not states:
        return
    values = {
        "homes": Texts(states),
        "states": Blobs(states.values()),
        "numbers": Integers([owner.number if owner.owns(home) else None for home in states]),
        "takes_over": owner.is_alone,
    }
    stored = await connection.execute(statement("upsert_states"), values)
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
