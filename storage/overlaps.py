"""Which running experiments the same accounts take part in, from a sample of accounts."""

from collections import Counter
from collections.abc import Sequence

from attribution.units import unpack
from schemas.resources import ExperimentDraft
from storage.pool import Connection
from storage.statements import statement
from storage.states import read_states

MOST_HOMES = 500
"""A state is read in some ten microseconds, and a share of 500 is known to 5 points."""


async def overlaps(
    connection: Connection, draft: ExperimentDraft, homes: Sequence[str]
) -> dict[str, int]:
    """Return how many of these homes each running experiment on the same units has exposed."""
    exposed: Counter[int] = Counter()
    for packed in (await read_states(connection, homes)).values():
        entries = unpack(packed).entries
        exposed.update(key for key, entry in entries.items() if entry.units)
    cursor = await connection.execute(
        statement("running_experiments_of"),
        {"definitions": list(exposed), "key": draft.key, "unit": draft.unit},
    )
    found: dict[str, int] = {}
    for definition, key in await cursor.fetchall():
        # While a newer definition is built, both have exposed the same accounts.
        found[key] = max(found.get(key, 0), exposed[definition])
    return found
