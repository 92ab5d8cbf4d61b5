"""Opens one experiment to the rest of a transaction, and closes all others: the second wall.

PostgreSQL's row-level security holds it, whatever a statement asks for. A transaction that was
narrowed stays so to its end, and writes nothing.
"""

from storage.pool import Connection
from storage.statements import statement

READER = "roundtable_reader"


async def open_experiment(connection: Connection, key: str) -> None:
    """Let the rest of the transaction read this experiment alone."""
    await connection.execute(statement("open_experiment"), {"key": key})
    await connection.execute(f"SET LOCAL ROLE {READER}")
