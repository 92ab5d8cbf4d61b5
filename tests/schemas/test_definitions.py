from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from attribution.money import Rate
from schemas.definitions import PublishedDefinition
from schemas.resources import (
    EventFilter,
    ExperimentDraft,
    Measure,
    Metric,
    MetricKind,
    MetricUse,
    Side,
    Variant,
)
from storage.definitions import DefinitionBody

START = datetime(2025, 3, 1, tzinfo=UTC)
METRIC = Metric(
    key="accepted",
    name="Accepted leads",
    meaning="Sales took the lead.",
    owner=Side.SALES,
    kind=MetricKind.CONVERSION,
    measure=Measure(filter=EventFilter(types=("lead.accepted",))),
    window=timedelta(days=14),
    version=2,
    created_at=START,
)
EXPERIMENT = ExperimentDraft(
    key="subject-line",
    name="Subject line",
    hypothesis="A question is opened more often.",
    owner=Side.MARKETING,
    variants=(Variant(key="a", control=True), Variant(key="b")),
    metrics=(MetricUse(metric="accepted", version=2),),
    starts_at=START,
    planned_units=1000,
)
BODY = DefinitionBody(
    experiment=EXPERIMENT,
    metrics={"accepted": METRIC},
    reporting_currency="EUR",
    rates=(Rate("USD", date(2025, 1, 1), Decimal("0.93")),),
)


def test_a_definition_as_it_is_frozen_fits_its_published_contract() -> None:
    sent = {"definition": 7, "epoch": 1, **BODY.to_json().obj}

    read = PublishedDefinition.model_validate(sent)

    assert (read.experiment, read.metrics) == (EXPERIMENT, (METRIC,))
    assert read.rates == (("USD", date(2025, 1, 1), Decimal("0.93")),)


def test_a_definition_with_a_field_that_the_contract_does_not_know_does_not_fit() -> None:
    sent = {"definition": 7, "epoch": 1, "owner": "x", **BODY.to_json().obj}

    with pytest.raises(ValidationError, match="owner"):
        PublishedDefinition.model_validate(sent)
