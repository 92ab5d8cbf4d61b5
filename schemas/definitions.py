"""A frozen definition as the topic `registry` carries it: all that decides its numbers."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from schemas.resources import ExperimentDraft, Invalidation, Metric, Resource

CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class PublishedDefinition(Resource):
    """One epoch of an experiment with its pinned metrics; a reader keeps the highest epoch."""

    definition: int
    epoch: Annotated[int, Field(ge=1)]
    experiment: ExperimentDraft
    metrics: tuple[Metric, ...]
    reporting_currency: CurrencyCode
    rates: tuple[tuple[CurrencyCode, date, Decimal], ...]
    """Currency, first day, and what one unit of it is worth from then on."""
    invalidated: dict[str, Invalidation] = {}  # noqa: RUF012 - pydantic copies it
    """Metric key, or `*` for all, to the amendment that changed what its numbers mean."""
