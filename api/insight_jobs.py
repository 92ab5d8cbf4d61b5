"""The jobs of the API that tell others what happened: watch, publish, deliver."""

from collections.abc import Coroutine
from typing import Any

from api.database import Database
from api.in_flight import InFlight
from api.insight_leader import lead_insights
from api.insight_watch import InsightWatch
from api.log_writer import LogWriter
from api.settings import Settings
from api.webhook_addresses import Addresses
from api.webhook_delivery import WebhookDelivery
from api.webhook_secrets import Vault
from api.webhook_sender import Sender
from schemas.catalog import INSIGHTS


def insight_jobs(
    settings: Settings, database: Database, vault: Vault, addresses: Addresses
) -> tuple[Coroutine[Any, Any, None], ...]:
    """Return the jobs, each of which runs until it is cancelled."""
    log = LogWriter(
        settings.kafka,
        INSIGHTS.name,
        access=settings.kafka_access,
        acknowledge_seconds=settings.acknowledge_seconds,
        in_flight=InFlight(settings.max_in_flight_bytes),
    )
    return (
        lead_insights(database, InsightWatch(database), log, settings.reminders),
        _deliver(database, vault, addresses),
    )


async def _deliver(database: Database, vault: Vault, addresses: Addresses) -> None:
    async with Sender(addresses) as sender:
        await WebhookDelivery(database, sender, vault).run()
