from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.caps import CapError, check_caps
from schemas.resources import ExperimentDraft, Metric, MetricDraft

START = datetime(2025, 3, 1, tzinfo=UTC)


def metric_body(**fields: Any) -> dict[str, Any]:
    words = {"key": "value", "name": "Value", "meaning": "What it is worth.", "owner": "sales"}
    rest = {"kind": "latest_deal_value", "measure": heard("deal.*"), "window": timedelta(days=90)}
    return {**words, **rest, **fields}


def heard(*types: str, **fields: Any) -> dict[str, Any]:
    return {"filter": {"types": types}, **fields}


def draft(**fields: Any) -> ExperimentDraft:
    words = {"key": "offer", "name": "Offer", "hypothesis": "It helps.", "owner": "marketing"}
    arms = [{"key": "plain", "control": True}, {"key": "short"}, {"key": "long"}]
    rest = {"variants": arms, "metrics": [{"metric": "value"}], "starts_at": START}
    return ExperimentDraft.model_validate({**words, **rest, "planned_units": 100, **fields})


def with_use(**fields: Any) -> ExperimentDraft:
    """A draft whose only primary metric stands beside one used as told."""
    return draft(metrics=[{"metric": "leads"}, {"metric": "value", **fields}])


def test_a_draft_says_no_more_than_it_had_to_before() -> None:
    plain = draft()

    assert (plain.alpha, plain.comparisons, plain.looks) == (Decimal("0.05"), (), ())
    (use,) = plain.metrics
    assert (use.margin, use.equivalence, use.cap) == (None, None, None)


def test_everything_that_a_draft_may_say_comes_back_as_it_was_written() -> None:
    written = draft(
        metrics=[
            {"metric": "value", "cap": "50000", "equivalence": 100},
            {"metric": "unsubscribed", "role": "guardrail", "margin": 0.005},
        ],
        alpha=0.1,
        comparisons=[["short", "long"]],
        looks=[0.25, "0.5", 1],
    )

    read = ExperimentDraft.model_validate_json(written.model_dump_json())

    assert read == written
    assert read.metrics[0].cap == Decimal(50_000)
    assert read.metrics[1].margin == Decimal("0.005")
    assert read.looks == (Decimal("0.25"), Decimal("0.5"), Decimal(1))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"margin": 1}, "margin: only a guardrail"),
        ({"role": "guardrail", "equivalence": 1}, "equivalence: a guardrail has a margin"),
        ({"role": "guardrail", "margin": 0}, "margin"),
        ({"equivalence": -1}, "equivalence"),
        ({"cap": 0}, "cap"),
        ({"cap": "1e14"}, "cap"),
        ({"cap": "0.0000001"}, "cap"),
        ({"cap": "NaN"}, "cap"),
    ],
)
def test_a_limit_that_its_use_cannot_have_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        with_use(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"alpha": "0.0009"}, "alpha"),
        ({"alpha": "0.21"}, "alpha"),
        ({"looks": [0]}, "looks"),
        ({"looks": ["1.01"]}, "looks"),
        ({"looks": ["0.5", "0.5"]}, "looks: every share larger"),
        ({"looks": ["0.6", "0.5"]}, "looks: every share larger"),
        ({"looks": [f"0.{n}" for n in range(10, 31)]}, "looks"),
        ({"comparisons": [["short", "other"]]}, r"comparisons: \['other'\] are no variants"),
        ({"comparisons": [["short", "short"]]}, "'short' is not compared with itself"),
        ({"comparisons": [["plain", "short"]]}, "compared with the control anyway"),
        ({"comparisons": [["short", "long"], ["long", "short"]]}, "comparisons: every pair once"),
        ({"comparisons": [["short", "long", "plain"]]}, "comparisons"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        draft(**fields)


def test_a_ratio_may_be_a_share_and_nothing_else_may() -> None:
    ratio = metric_body(kind="ratio", denominator=heard("lead.created"), is_share=True)

    assert MetricDraft.model_validate(ratio).is_share
    with pytest.raises(ValidationError, match="is_share: only a ratio"):
        MetricDraft.model_validate(metric_body(is_share=True))


@pytest.mark.parametrize("types", [("deal.won",), ("deal.won", "deal.amount_changed")])
def test_a_deal_value_that_never_hears_of_a_loss_is_refused(types: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match=r"hear deal\.lost or deal\.reopened too"):
        MetricDraft.model_validate(metric_body(measure=heard(*types)))


@pytest.mark.parametrize(
    "types",
    [("deal.*",), ("deal.won", "deal.lost"), ("deal.won", "deal.reopened"), ("deal.created",)],
)
def test_a_deal_value_that_hears_wins_taken_back_is_registered(types: tuple[str, ...]) -> None:
    MetricDraft.model_validate(metric_body(measure=heard(*types)))


def test_a_metric_registered_before_that_rule_is_still_read() -> None:
    body = metric_body(measure=heard("deal.won"), version=1, created_at=START)

    assert Metric.model_validate(body).version == 1


def metrics(**fields: Any) -> dict[str, Metric]:
    found = Metric.model_validate(metric_body(version=1, created_at=START, **fields))
    return {"value": found, "leads": found}


COUNT = {"kind": "count", "measure": heard("lead.created")}
SUM = {"kind": "sum", "measure": heard("lead.created", value="data.score", scale=2)}
AMOUNTS = {"kind": "sum", "measure": heard("deal.*", value="amount")}


@pytest.mark.parametrize(
    ("metric", "cap", "currency"),
    [(COUNT, "3", "EUR"), (SUM, "2.25", "EUR"), (AMOUNTS, "9.99", "EUR"), ({}, "10.001", "KWD")],
)
def test_a_cap_in_steps_of_its_metric_is_taken(
    metric: dict[str, Any], cap: str, currency: str
) -> None:
    check_caps(with_use(cap=cap), metrics(**metric), reporting_currency=currency)


@pytest.mark.parametrize(
    ("metric", "cap", "currency"),
    [
        (COUNT, "2.5", "EUR"),
        (SUM, "2.255", "EUR"),
        (AMOUNTS, "9.999", "EUR"),
        ({}, "10.5", "JPY"),
        ({}, "10.000001", "KWD"),
        ({"kind": "sum", "measure": heard("lead.created", value="data.n")}, "0.1", None),
    ],
)
def test_a_cap_between_two_steps_of_its_metric_is_refused(
    metric: dict[str, Any], cap: str, currency: str | None
) -> None:
    with pytest.raises(CapError, match=rf"cap {cap} on 'value' has more decimal places"):
        check_caps(with_use(cap=cap), metrics(**metric), reporting_currency=currency)


@pytest.mark.parametrize(
    "metric",
    [
        {"kind": "conversion", "measure": heard("lead.created")},
        {"kind": "ratio", "measure": heard("deal.*"), "denominator": heard("lead.*")},
    ],
)
def test_a_cap_on_what_has_none_is_refused(metric: dict[str, Any]) -> None:
    with pytest.raises(CapError, match=f"outcomes of kind {metric['kind']} have none"):
        check_caps(with_use(cap=1), metrics(**metric))


def test_a_cap_on_amounts_waits_for_the_currency_they_are_reported_in() -> None:
    check_caps(with_use(cap="10.001"), metrics())
