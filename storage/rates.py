"""The dated rate table. Rates are added, never changed; a new one rebuilds what it may concern."""

from attribution.money import Rate
from storage.pool import Connection
from storage.statements import statement


async def load_rates(connection: Connection) -> list[Rate]:
    """Return every rate, by currency and day."""
    cursor = await connection.execute(statement("rates"))
    return [Rate(currency, day, rate) for currency, day, rate in await cursor.fetchall()]


async def add_rate(connection: Connection, rate: Rate) -> bool:
    """Add a rate; False where this currency has one from that day already."""
    cursor = await connection.execute(
        statement("insert_rate"),
        {"currency": rate.currency, "valid_from": rate.valid_from, "rate": rate.rate},
    )
    return cursor.rowcount == 1
