"""The agreed definitions: propose a metric, try it on the past, agree to it, read its versions."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from api import problems
from api.bounded_reading import bounded_reading
from api.identity import DEPLOYMENT, Asking, SignedIn, Viewer
from api.metric_dry_run import DryRun, dry_run
from api.metric_examples import types_of_examples, wrong_examples
from api.problem_handlers import InputError, InvalidInputError
from api.problems import ProblemError
from api.services import Services, ServicesHere
from attribution.money import Rates
from schemas.currencies import MINOR_DIGITS
from schemas.metric_definitions import MetricDraft, ProposedMetric, Side, Text
from schemas.resources import EventFilter, Resource
from storage.rates import load_rates
from storage.recent_events import TookTooLongError, recent_events
from storage.registry import (
    UnknownMetricError,
    add_metric,
    agree,
    metric_versions,
    newest_metrics,
    with_agreements,
    withdraw,
)

DRY_RUN_PERIOD = timedelta(days=30)
_ALONE = frozenset({"account", "contact"})

Version = Annotated[int, Path(ge=1, le=1_000_000)]

router = APIRouter(prefix="/v1/metrics", tags=["metrics"])


class Metrics(BaseModel):
    """The newest version of every metric, by key."""

    metrics: list[ProposedMetric]


class MetricVersions(BaseModel):
    """All versions of one metric, newest first."""

    key: str
    versions: list[ProposedMetric]


class AgreementDraft(Resource):
    """The side that agrees."""

    side: Side


class WithdrawalDraft(Resource):
    """The side that takes its agreement back, and why."""

    side: Side
    reason: Text


@router.post("", status_code=201, responses={200: {"model": ProposedMetric}})
async def propose_metric(
    draft: MetricDraft, services: ServicesHere, viewer: Viewer, response: Response
) -> ProposedMetric:
    """Propose a metric: 201 and a new version where it changed, 200 where it is as it was.

    It is in force once both sides agreed to this version; until then the one before it stays so.
    """
    now = datetime.now(UTC)
    await services.registered_types.learn(types_of_examples(draft))
    own_types, rules = services.registered_types.own_types, services.gate_rules
    if wrong := wrong_examples(draft, own_types, now=now, allowed=rules.allowed_staff_fields):
        raise InvalidInputError(*wrong)
    async with services.database.connection() as connection:
        metric, is_new = await add_metric(connection, draft, at=now, by=viewer.actor)
        (proposed,) = await with_agreements(connection, [metric])
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"{router.prefix}/{metric.key}"
    return proposed


@router.post("/dry-run")
async def try_metric(draft: MetricDraft, services: ServicesHere) -> DryRun:
    """Say what a metric would have counted in the last 30 days; it is not stored."""
    _refuse_single_accounts(draft)
    until = datetime.now(UTC)
    heard = [m.filter for m in (draft.measure, draft.denominator) if m is not None]
    try:
        async with bounded_reading(services.database) as connection:
            rates = Rates(_currency(services), await load_rates(connection), MINOR_DIGITS)
            recent = await recent_events(
                connection, heard, since=until - DRY_RUN_PERIOD, until=until
            )
    except TookTooLongError:
        raise ProblemError(
            problems.NOT_READY, "The last 30 days could not be looked through in time."
        ) from None
    return await asyncio.to_thread(dry_run, draft, recent, rates)


@router.get("")
async def list_metrics(services: ServicesHere) -> Metrics:
    """Return the newest version of every metric."""
    async with services.database.connection() as connection:
        newest = await newest_metrics(connection)
        return Metrics(metrics=await with_agreements(connection, newest))


@router.get("/{key}")
async def read_metric(key: str, services: ServicesHere) -> MetricVersions:
    """Return all versions of one metric, with who agreed to which."""
    async with services.database.connection() as connection:
        versions = await with_agreements(connection, await metric_versions(connection, key))
    if not versions:
        raise ProblemError(problems.NOT_FOUND, f"no metric has the key {key!r}")
    return MetricVersions(key=key, versions=versions)


@router.post(
    "/{key}/versions/{version}/agreements",
    status_code=201,
    responses={200: {"model": ProposedMetric}},
)
async def agree_to_metric(
    key: str,
    version: Version,
    draft: AgreementDraft,
    services: ServicesHere,
    viewer: Viewer,
    response: Response,
) -> ProposedMetric:
    """Agree to a version of a metric for one's side: 201, or 200 where that side did before."""
    _refuse_other_sides(viewer, draft.side)
    try:
        async with services.database.connection() as connection:
            metric, is_new = await agree(
                connection, key, version, draft.side, at=datetime.now(UTC), by=viewer.actor
            )
    except UnknownMetricError as error:
        raise ProblemError(problems.NOT_FOUND, str(error)) from None
    response.status_code = 201 if is_new else 200
    return metric


@router.post("/{key}/versions/{version}/withdrawals", status_code=201)
async def withdraw_agreement(
    key: str, version: Version, draft: WithdrawalDraft, services: ServicesHere, viewer: Viewer
) -> ProposedMetric:
    """Take your side's agreement back, with a reason; 409 once the version is in force."""
    _refuse_other_sides(viewer, draft.side)
    now = datetime.now(UTC)
    try:
        async with services.database.connection() as connection:
            return await withdraw(
                connection,
                key,
                version,
                draft.side,
                at=now,
                by=viewer.actor,
                reason=draft.reason,
            )
    except UnknownMetricError as error:
        raise ProblemError(problems.NOT_FOUND, str(error)) from None


def _refuse_other_sides(viewer: Asking, side: Side) -> None:
    """A side is bound by its own people; before there are any, the deployment's token stands in."""
    if viewer is DEPLOYMENT:
        return
    if not isinstance(viewer, SignedIn) or viewer.side.side is not side:
        raise ProblemError(problems.FORBIDDEN, f"Only a person of {side} speaks for {side}.")


def _refuse_single_accounts(draft: MetricDraft) -> None:
    """A filter that names one account would ask for that account's values."""
    measures = {"measure": draft.measure, "denominator": draft.denominator}
    for name, measure in measures.items():
        if measure is not None and _names_accounts(measure.filter):
            raise InvalidInputError(
                InputError(f"{name}.filter.where", "single_account", "not by account or contact")
            )


def _names_accounts(heard: EventFilter) -> bool:
    return any(condition.field in _ALONE for condition in heard.where)


def _currency(services: Services) -> str:
    return services.settings.reporting_currency
