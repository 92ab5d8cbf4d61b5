"""GET /v1/experiments/{key}/checks: what to know before an experiment is registered."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel

from api.bounded_reading import bounded_reading
from api.findings import FEWEST_SHARED, Finding, Known, findings
from api.foretold_power import Foretold, foretold
from api.house_history import ANY_TOUCH, PERIOD, HouseHistory, history_of, longest_needed
from api.identity import Viewer
from api.observations import plan_of
from api.registry_access import readable
from api.services import ServicesHere
from schemas.metric_definitions import ProposedMetric
from schemas.resources import AssignmentExposure, EventFilter, ExperimentDraft, MetricUse
from storage.definitions import DefinitionBody
from storage.experiments import experiment_row
from storage.metric_agreements import with_agreements
from storage.metric_versions import metrics_of
from storage.overlaps import MOST_HOMES, overlaps
from storage.pool import Connection
from storage.rates import load_rates
from storage.recent_events import RecentEvents, TookTooLongError, recent_events

router = APIRouter(prefix="/v1/experiments", tags=["experiments"])


class ExposureLately(BaseModel):
    """What the exposure rule met in the last 30 days; of one account in `one_account_in`.

    `accounts` is null where they are fewer than five.
    """

    one_account_in: int
    events: int
    accounts: int | None
    by_variant: dict[str, int]
    unknown_variant: int


class Checks(BaseModel):
    """Findings, what gives most pause first, and the figures behind them."""

    findings: list[Finding]
    exposure: ExposureLately | None
    foretold: list[Foretold]


@router.get("/{key}/checks")
async def check(key: str, services: ServicesHere, viewer: Viewer) -> Checks:
    """Look an experiment over, against the last 30 days of the log; nothing is changed."""
    async with bounded_reading(services.database) as connection:
        await readable(connection, viewer, key, at=datetime.now(UTC))
        asked = await _asked(connection, key, services.settings.reporting_currency)
        recent = await _recent(connection, asked)
        history = await asyncio.to_thread(_history, asked, recent) if recent else None
        homes = history.homes[:MOST_HOMES] if history else ()
        shared = await overlaps(connection, asked.draft, homes)
    told = foretold(plan_of(asked.body), history) if history else []
    known = Known(
        draft=asked.draft,
        metrics=asked.metrics,
        is_agreement_required=services.settings.is_agreement_required,
        history=history,
        foretold=told,
        overlaps=shared,
    )
    return Checks(findings=findings(known), exposure=_lately(history), foretold=told)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The experiment that is looked over, as it would be frozen now."""

    draft: ExperimentDraft
    metrics: dict[str, ProposedMetric]
    body: DefinitionBody


async def _asked(connection: Connection, key: str, currency: str) -> _Asked:
    draft = (await experiment_row(connection, key)).draft
    metrics = await metrics_of(connection, draft)
    proposed = await with_agreements(connection, [*metrics.values()])
    rates = tuple(await load_rates(connection))
    body = DefinitionBody(draft, metrics, currency, rates)
    return _Asked(draft, {metric.key: metric for metric in proposed}, body)


async def _recent(connection: Connection, asked: _Asked) -> RecentEvents | None:
    now = datetime.now(UTC)
    windows = [asked.metrics[use.metric].window for use in _primary(asked.draft)]
    since = now - PERIOD - longest_needed(windows)
    try:
        return await recent_events(connection, _heard(asked), since=since, until=now)
    except TookTooLongError:
        # A statement that was given up ended the transaction; the rest of it starts anew.
        await connection.rollback()
        return None


def _history(asked: _Asked, recent: RecentEvents) -> HouseHistory:
    primary = {use.metric for use in _primary(asked.draft)}
    return history_of(asked.body.compile(0), recent, primary)


def _primary(draft: ExperimentDraft) -> list[MetricUse]:
    return [use for use in draft.metrics if use.role == "primary"]


def _heard(asked: _Asked) -> list[EventFilter]:
    measures = [
        measure.filter
        for metric in asked.metrics.values()
        for measure in (metric.measure, metric.denominator)
        if measure is not None
    ]
    if isinstance(asked.draft.exposure, AssignmentExposure):
        return [*measures, ANY_TOUCH, EventFilter(types=("experiment.exposure",))]
    return [*measures, asked.draft.exposure.filter]


def _lately(history: HouseHistory | None) -> ExposureLately | None:
    if history is None:
        return None
    is_few = len(history.homes) < FEWEST_SHARED
    return ExposureLately(
        one_account_in=history.one_in,
        events=history.exposure_events,
        accounts=None if is_few else len(history.homes),
        by_variant=dict(history.by_variant),
        unknown_variant=history.unknown_variant,
    )
