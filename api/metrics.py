"""The agreed definitions: register a metric, read it with all its versions."""

from datetime import UTC, datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel

from api import problems
from api.problems import ProblemError
from api.services import ServicesHere
from schemas.resources import Metric, MetricDraft
from storage.registry import add_metric, metric_versions, newest_metrics

router = APIRouter(prefix="/v1/metrics", tags=["metrics"])


class Metrics(BaseModel):
    """The newest version of every metric, by key."""

    metrics: list[Metric]


class MetricVersions(BaseModel):
    """All versions of one metric, newest first."""

    key: str
    versions: list[Metric]


@router.post("", status_code=201, responses={200: {"model": Metric}})
async def register_metric(draft: MetricDraft, services: ServicesHere, response: Response) -> Metric:
    """Register a metric: 201 and a new version where it changed, 200 where it is as it was."""
    async with services.database.connection() as connection:
        metric, is_new = await add_metric(connection, draft, at=datetime.now(UTC))
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"{router.prefix}/{metric.key}"
    return metric


@router.get("")
async def list_metrics(services: ServicesHere) -> Metrics:
    """Return the newest version of every metric."""
    async with services.database.connection() as connection:
        return Metrics(metrics=await newest_metrics(connection))


@router.get("/{key}")
async def read_metric(key: str, services: ServicesHere) -> MetricVersions:
    """Return all versions of one metric."""
    async with services.database.connection() as connection:
        versions = await metric_versions(connection, key)
    if not versions:
        raise ProblemError(problems.NOT_FOUND, f"no metric has the key {key!r}")
    return MetricVersions(key=key, versions=versions)
