"""Campaigns: they have no row of their own, experiments name the one that they are part of."""

from schemas.resources import Experiment
from storage.experiments import read
from storage.pool import Connection


async def experiments_of_campaign(
    connection: Connection, campaign: str, *, limit: int
) -> list[Experiment]:
    """Return up to `limit` experiments of a campaign, by key."""
    asked = {"campaign": campaign, "limit": limit}
    return [found.experiment for found in await read(connection, "experiments_of_campaign", asked)]
