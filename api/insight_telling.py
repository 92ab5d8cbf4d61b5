"""Holds an insight to what somebody may see at the moment in which it is told to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from api.identity import Asking
from api.insight_sight import experiment_of, is_deployment, told_to
from api.visibility import Sight, sight_of
from schemas.insights import Insight, decode_insight, encode_insight
from storage.experiments import UnknownExperimentError
from storage.pool import Connection


async def told_now(
    connection: Connection, bodies: Sequence[bytes], asking: Asking, *, at: datetime
) -> list[bytes | None]:
    """Return what they are told of each insight, None where that is nothing."""
    if is_deployment(asking):
        return list(bodies)
    read = [_read(body) for body in bodies]
    keys = {experiment_of(insight) for insight in read if insight is not None}
    sights = {key: await _sight(connection, key, asking, at) for key in keys if key is not None}
    return [None if one is None else _told(one, asking, sights) for one in read]


def _read(body: bytes) -> Insight | None:
    try:
        return decode_insight(body)
    except msgspec.ValidationError:
        return None  # recorded by a newer release: who may know of it is not known here


async def _sight(connection: Connection, key: str, asking: Asking, at: datetime) -> Sight | None:
    try:
        return await sight_of(connection, asking, key, now=at)
    except UnknownExperimentError:
        return None


def _told(insight: Insight, asking: Asking, sights: Mapping[str, Sight | None]) -> bytes | None:
    key = experiment_of(insight)
    told = told_to(insight, asking, None if key is None else sights[key])
    return None if told is None else encode_insight(told)
