"""Reads what a build of one definition needs, and no more of it: homes that may hold units, events.

A field that cannot change a figure of the definition stays in the database: nobody may take these
events for what was sent.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import msgspec

from attribution.relevance import Relevance
from schemas.events import Event
from storage.arrays import Texts
from storage.pool import Connection
from storage.statements import statement

_DECODE = msgspec.json.Decoder().decode


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
    cursor = await connection.execute(
        statement("next_homes_to_build"),
        {
            "naming": relevance.naming,
            "families": Texts(exposing.families),
            "exact": Texts(exposing.exact),
            "prefixes": Texts(exposing.prefixes),
            "after": after,
            "limit": limit,
        },
    )
    rows = await cursor.fetchall()
    return HomesToBuild([home for home, _ in rows], has_more=bool(rows) and rows[0][1])


async def relevant_events_of_homes(
    connection: Connection, relevance: Relevance, homes: Collection[str]
) -> dict[str, list[Event]]:
    """Return the events of each of these homes that matter, as far as they do."""
    histories: dict[str, list[Event]] = {home: [] for home in homes}
    if not histories:
        return histories
    # Planned anew each time, for what is asked: months and families without any are not opened.
    asked = {"homes": Texts(histories), **_asked(relevance)}
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(statement("relevant_events_of_homes"), asked, prepare=False)
        for row in await cursor.fetchall():
            histories[row[0]].append(_event(row))
    return histories


def _asked(relevance: Relevance) -> dict[str, object]:
    whole, timely = relevance.whole, relevance.timely
    return {
        "whole_families": Texts(whole.families),
        "whole_exact": Texts(whole.exact),
        "whole_prefixes": Texts(whole.prefixes),
        "whole_fields": Texts(sorted(relevance.whole_fields)),
        "timely_families": Texts(timely.families),
        "timely_exact": Texts(timely.exact),
        "timely_prefixes": Texts(timely.prefixes),
        "timely_fields": Texts(sorted(relevance.timely_fields)),
        "from_us": relevance.from_us,
        "until_us": relevance.until_us,
    }


def _event(row: tuple[Any, ...]) -> Event:
    (_home, kind, time_us, source, event_id, account, contact, campaign, content, channel, deal,
     amount, currency, data) = row  # fmt: skip
    return Event(
        source=source or "",
        id=event_id or "",
        type=kind,
        time_us=time_us,
        account=account,
        contact=contact,
        campaign=campaign,
        content=content,
        channel=channel,
        deal=deal,
        amount=amount,
        currency=currency,
        data={} if data is None else _DECODE(data),
    )
