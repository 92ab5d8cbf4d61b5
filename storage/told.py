"""What was told last: where each experiment stands, the status of each pair, standing alarms."""

from datetime import datetime
from typing import NamedTuple

from storage.pool import Connection
from storage.statements import statement


class ToldPair(NamedTuple):
    """A variant against its baseline on a metric."""

    metric: str
    baseline: str
    variant: str


async def told_statuses(connection: Connection, experiment: str) -> dict[ToldPair, str]:
    """Return the status that was told last of each pair; pairs never told of are absent."""
    cursor = await connection.execute(statement("told_statuses"), {"experiment": experiment})
    return {ToldPair(*pair): status for *pair, status in await cursor.fetchall()}


async def tell_status(
    connection: Connection, experiment: str, pair: ToldPair, status: str, *, at: datetime
) -> None:
    """Remember what is told of a pair."""
    await connection.execute(
        statement("tell_status"),
        {"experiment": experiment, **pair._asdict(), "status": status, "at": at},
    )


async def told_standing(connection: Connection, experiment: str) -> str | None:
    """Return where an experiment stood when it was looked at last, None where it never was."""
    cursor = await connection.execute(statement("told_standing"), {"experiment": experiment})
    row = await cursor.fetchone()
    return None if row is None else str(row[0])


async def tell_standing(
    connection: Connection, experiment: str, standing: str, *, at: datetime
) -> None:
    """Remember where an experiment stands."""
    await connection.execute(
        statement("tell_standing"), {"experiment": experiment, "standing": standing, "at": at}
    )


async def standing_alarms(connection: Connection, subject: str) -> frozenset[str]:
    """Return the alarms that were raised and have not ended."""
    cursor = await connection.execute(statement("standing_alarms"), {"subject": subject})
    return frozenset(row[0] for row in await cursor.fetchall())


async def raise_alarm(connection: Connection, subject: str, alarm: str, *, at: datetime) -> None:
    """Remember that an alarm stands. Safe to repeat."""
    await connection.execute(
        statement("raise_alarm"), {"subject": subject, "alarm": alarm, "at": at}
    )


async def end_alarm(connection: Connection, subject: str, alarm: str) -> None:
    """Remember that an alarm stands no more. Safe to repeat."""
    await connection.execute(statement("end_alarm"), {"subject": subject, "alarm": alarm})


async def experiments_to_watch(connection: Connection, *, over_since: datetime) -> list[str]:
    """Return the keys of experiments that are counted and were not over by then."""
    cursor = await connection.execute(statement("experiments_to_watch"), {"over_since": over_since})
    return [row[0] for row in await cursor.fetchall()]
