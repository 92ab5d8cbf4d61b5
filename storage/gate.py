"""The attribution gate: batches pass it together, moves and new definitions pass it alone.

A batch that holds the gate sees homes of contacts and active definitions that cannot change until
its transaction ends. That is what makes a move of history, a registration and a running stream meet
exactly (decision 0006).
"""

from storage.pool import Connection
from storage.statements import statement


async def enter_gate(connection: Connection, *, alone: bool) -> None:
    """Wait for the gate; it is left at the end of the transaction."""
    name = "enter_gate_exclusive" if alone else "enter_gate_shared"
    await connection.execute(statement(name))


async def registry_revision(connection: Connection) -> int:
    """Return the number that every change of an active definition raises."""
    row = await (await connection.execute(statement("registry_revision"))).fetchone()
    assert row is not None, "the first migration inserts the row"
    return int(row[0])


async def raise_registry_revision(connection: Connection) -> None:
    """Make every worker reload its definitions. The caller is alone in the gate."""
    await connection.execute(statement("raise_registry_revision"))
