"""Readings as people were shown them, in steps, each with what its figures are made from.

Released once each: of two processes that release after the same reading, one does.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from inference.plan import MetricMoments, UnitOutcome
from schemas.wording import Language
from storage.pool import Connection
from storage.statements import statement
from transparency.breakdowns import Breakdown


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """Mature units of one variant on one metric; single ones where few enough to be read.

    `former` are how many there were in the figures that were shown before these.
    """

    moments: MetricMoments
    incomplete: int
    units: tuple[UnitOutcome, ...] | None = None
    former: tuple[int, ...] = ()


class MetricFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One metric by variant, as of when a release moved it last; `money` names how it counts it."""

    released_at: datetime
    reporting_currency: str
    money: str
    sums: Mapping[str, Sums]

    @property
    def mature(self) -> dict[str, int]:
        """Return the units in the figures by variant."""
        return {variant: sums.moments.mature.n for variant, sums in self.sums.items()}


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What all figures of a reading are made from, by metric and by dimension."""

    metrics: Mapping[str, MetricFigures]
    breakdowns: Mapping[str, Breakdown] = {}

    @property
    def mature(self) -> dict[str, dict[str, int]]:
        """Return the units in the figures by metric and variant."""
        return {key: figures.mature for key, figures in self.metrics.items()}

    @property
    def ever_shown(self) -> dict[str, dict[str, tuple[int, ...]]]:
        """Return the units in all figures so far by metric and variant, the last ones last."""
        return {
            key: {v: (*sums.former, sums.moments.mature.n) for v, sums in figures.sums.items()}
            for key, figures in self.metrics.items()
        }


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One reading: its number among those of the experiment, and when it was shown first."""

    number: int
    epoch: int
    released_at: datetime
    figures: Figures
    documents: Mapping[Language, Mapping[str, Any]]


async def latest_release(connection: Connection, key: str) -> Release | None:
    """Return the reading that people are shown; None before the first."""
    row = await (await connection.execute(statement("latest_release"), {"key": key})).fetchone()
    if row is None:
        return None
    number, epoch, released_at, _, documents, figures = row
    return Release(
        number=number,
        epoch=epoch,
        released_at=released_at,
        figures=msgspec.convert(figures, Figures, str_keys=True),
        documents=documents,
    )


async def release(connection: Connection, key: str, reading: Release) -> bool:
    """Release a reading after the one before it; False where another followed that one already.

    Runs inside the caller's transaction; whoever releases at the same time waits for its end.
    """
    cursor = await connection.execute(
        statement("insert_release"),
        {
            "key": key,
            "number": reading.number,
            "epoch": reading.epoch,
            "released_at": reading.released_at,
            "mature_units": Jsonb(reading.figures.mature),
            "documents": Jsonb(dict(reading.documents)),
            "figures": Jsonb(msgspec.to_builtins(reading.figures, str_keys=True)),
        },
    )
    return await cursor.fetchone() is not None


async def release_on(
    connection: Connection, key: str, at: datetime, language: str
) -> dict[str, Any] | None:
    """Return the results as people were shown them at this moment; None before the first."""
    asked = {"key": key, "at": at, "language": language}
    row = await (await connection.execute(statement("release_on"), asked)).fetchone()
    return None if row is None else dict(row[0])
