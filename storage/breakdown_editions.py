"""The ledger of breakdowns: every edition with all its groups, small ones too. For no page to read.

Runs inside the transaction of the reading that an edition belongs to.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from psycopg.types.json import Jsonb

from storage.pool import Connection
from storage.statements import statement
from transparency.edition_knowledge import Edition
from transparency.editions import History
from transparency.tables import Cell

Place = tuple[str, str]
"""Dimension and variant."""
Ledger = Mapping[Place, History]


class NewEdition(NamedTuple):
    """One edition, and what it is an edition of."""

    place: Place
    edition: Edition


async def may_step(connection: Connection, key: str) -> bool:
    """Tell whether nobody else is at it; to the end of the transaction nobody will be."""
    row = await (await connection.execute(statement("try_step"), {"key": key})).fetchone()
    return row is not None and row[0] is True


async def ledger_of(connection: Connection, key: str) -> Ledger:
    """Return every edition of an experiment's breakdowns so far."""
    cursor = await connection.execute(statement("editions_of_experiment"), {"key": key})
    found: dict[Place, list[Edition]] = {}
    for dimension, variant, number, at, groups, moved in await cursor.fetchall():
        edition = Edition(
            number=number,
            at=at,
            groups=msgspec.convert(groups, dict[str, Cell]),
            moved=frozenset(moved),
        )
        found.setdefault((dimension, variant), []).append(edition)
    return {place: History(tuple(editions)) for place, editions in found.items()}


async def add_editions(connection: Connection, key: str, added: Sequence[NewEdition]) -> None:
    """Add editions, each behind the last one of its place."""
    for (dimension, variant), edition in added:
        await connection.execute(
            statement("add_edition"),
            {
                "key": key,
                "dimension": dimension,
                "variant": variant,
                "number": edition.number,
                "made_at": edition.at,
                "groups": Jsonb(msgspec.to_builtins(edition.groups)),
                "moved": sorted(edition.moved),
            },
        )
