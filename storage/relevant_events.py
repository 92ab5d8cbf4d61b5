"""Reads what a build of one definition needs, and no more of it: homes that may hold units, events.

A field that cannot change a figure of the definition stays in the database: nobody may take these
events for what was sent.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from attribution.backfill import ReadHistory
from attribution.relevance import Relevance
from storage.arrays import Texts
from storage.event_rows import event_of_row
from storage.pool import Connection
from storage.statements import statement


@dataclass(frozen=True, slots=True)
class HomesToBuild:
    """The next homes in order that may hold units, and whether there is anything behind them."""

    homes: list[str]
    has_more: bool

    def up_to(self, most: int) -> "HomesToBuild":
        """Return no more of them than `most`."""
        if len(self.homes) <= most:
            return self
        return HomesToBuild(self.homes[:most], has_more=True)


async def next_homes_to_build(
    connection: Connection, relevance: Relevance, *, after: str, limit: int
) -> HomesToBuild:
    """Return the homes behind `after` that `limit` events of the exposing types lead to."""
    exposing = relevance.exposing
    asked = {
        "naming": relevance.naming,
        "families": Texts(exposing.families),
        "exact": Texts(exposing.exact),
        "prefixes": Texts(exposing.prefixes),
        "after": after,
        "limit": limit,
    }
    rows = await _rows(connection, "next_homes_to_build", asked)
    return HomesToBuild([home for home, _ in rows], has_more=bool(rows) and rows[0][1])


async def plan_by_home(connection: Connection) -> None:
    """Make this transaction read homes in their order, whatever the planner thinks of it.

    It cannot know how few events of a type there are, and would go through all of them each time.
    """
    await connection.execute(statement("plan_by_home"))


async def relevant_events_of_homes(
    connection: Connection, relevance: Relevance, homes: Collection[str]
) -> dict[str, ReadHistory]:
    """Return the events of each of these homes that matter, as far as they do."""
    histories = {home: ReadHistory() for home in homes}
    if not histories:
        return histories
    found = Texts(histories)
    whole = {**_whole(relevance), "homes": found}
    for row in await _rows(connection, "whole_events_of_homes", whole):
        histories[row[0]].events.append(event_of_row(row))
    timely = {**_timely(relevance), "homes": found}
    if relevance.counts_times:
        for home, kind, times_us in await _rows(
            connection, "timely_counts_of_homes", timely, prepare=True
        ):
            histories[home].times.append((kind, times_us))
        return histories
    timely["fields"] = Texts(sorted(relevance.timely_fields))
    for row in await _rows(connection, "timely_events_of_homes", timely, prepare=True):
        histories[row[0]].events.append(event_of_row(row))
    return histories


async def _rows(
    connection: Connection, name: str, asked: Mapping[str, object], *, prepare: bool = False
) -> list[tuple[Any, ...]]:
    """Return the rows; planned for what is asked, unless one plan is good for all that is."""
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(statement(name), asked, prepare=prepare)
        return await cursor.fetchall()


def _whole(relevance: Relevance) -> dict[str, object]:
    return {
        "families": Texts(relevance.whole.families),
        "exact": Texts(relevance.whole.exact),
        "prefixes": Texts(relevance.whole.prefixes),
        "fields": Texts(sorted(relevance.whole_fields)),
        "naming": relevance.naming_in_whole,
    }


def _timely(relevance: Relevance) -> dict[str, object]:
    return {
        "families": Texts(relevance.timely.families),
        "exact": Texts(relevance.timely.exact),
        "prefixes": Texts(relevance.timely.prefixes),
        "whole_exact": Texts(relevance.whole.exact),
        "whole_prefixes": Texts(relevance.whole.prefixes),
        "from_us": relevance.from_us,
        "until_us": relevance.until_us,
    }
