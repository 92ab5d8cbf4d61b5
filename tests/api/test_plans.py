"""Whether an experiment can conclude is answered before it is registered."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from statsmodels.stats.power import NormalIndPower, TTestIndPower

from api.plans import plan_of
from schemas.plan_questions import PlanQuestion

NOW = datetime(2026, 3, 2, tzinfo=UTC)
MEAN = {"kind": "mean", "mean": 100.0, "standard_deviation": 20.0}


def answer(**question: Any):
    return plan_of(PlanQuestion.model_validate(question), now=NOW)


def test_units_for_one_look_are_those_of_the_noncentral_t() -> None:
    plan = answer(baseline=MEAN, effect={"size": 5.0}, reading="once")

    expected = TTestIndPower().solve_power(effect_size=0.25, power=0.8, alpha=0.05)
    assert plan.units_needed is not None
    assert plan.units_needed.control - 1 < expected <= plan.units_needed.control
    assert plan.units_needed.total == 2 * plan.units_needed.control
    assert plan.missing == []


def test_watching_costs_units() -> None:
    once = answer(baseline=MEAN, effect={"size": 5.0}, reading="once").units_needed
    looks = answer(baseline=MEAN, effect={"size": 5.0}, reading="looks", looks=5).units_needed
    watched = answer(baseline=MEAN, effect={"size": 5.0}).units_needed

    assert once is not None
    assert looks is not None
    assert watched is not None
    assert once.total < looks.total < watched.total


def test_the_power_of_given_units_and_the_smallest_effect_that_they_show() -> None:
    plan = answer(
        baseline=MEAN,
        effect={"size": 5.0},
        units={"control": 200, "treatment": 100},
        reading="looks",
        looks=2,
    )

    single = NormalIndPower().power(0.25, 200, 0.05, ratio=0.5)
    assert plan.power == pytest.approx(single, abs=0.02)
    assert plan.detectable_effect == pytest.approx(20 * (3 / 200) ** 0.5 * 2.81, rel=0.02)


def test_contacts_that_are_alike_cost_their_design_effect() -> None:
    alike = {"mean_size": 5, "intraclass_correlation": 0.2}

    plan = answer(baseline={"kind": "share", "share": 0.1}, effect={"size": 0.05}, alikeness=alike)

    assert plan.design_effect == pytest.approx(1 + 4 * 0.2)


def test_the_end_follows_from_the_traffic_and_the_window() -> None:
    plan = answer(
        baseline=MEAN,
        units={"control": 100, "treatment": 100},
        traffic={"control": 10, "treatment": 20, "period": "P7D"},
        window="P14D",
    )

    assert plan.expected_at == NOW + timedelta(days=70 + 14)


def test_what_cannot_be_planned_says_why() -> None:
    plan = answer(
        baseline={"kind": "share", "share": 0.9},
        effect={"size": 0.2},
        units={"control": 100, "treatment": 100},
        traffic={"control": 0, "treatment": 20, "period": "P7D"},
    )

    assert plan.units_needed is None
    assert {(m.part, m.reason) for m in plan.missing} >= {
        ("units_needed", "impossible_effect"),
        ("expected_at", "no_traffic"),
    }


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"baseline": MEAN}, "effect"),
        ({"baseline": MEAN, "effect": {"size": 1.0}, "looks": 3}, "looks"),
        ({"baseline": MEAN, "effect": {"size": 1.0}, "reading": "looks"}, "looks"),
        ({"baseline": MEAN, "effect": {"size": float("nan")}}, "effect.size"),
        ({"baseline": {"kind": "share", "share": 1.5}, "effect": {"size": 0.1}}, "share"),
        ({"baseline": {**MEAN, "standard_deviation": 0}, "effect": {"size": 0.1}}, "deviation"),
    ],
)
def test_a_question_that_cannot_be_meant_names_its_field(
    question: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        PlanQuestion.model_validate(question)

    assert field in str(refusal.value)
