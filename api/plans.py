"""POST /v1/plans: can an experiment ever conclude, with how many units, and when? Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from fastapi import APIRouter
from pydantic import BaseModel

from inference.clusters import Clusters
from inference.expected_end import Traffic, expected_end
from inference.looks import AnyTime, Looks, PlannedLooks, SingleLook
from inference.planning import (
    Baseline,
    Design,
    NoPlan,
    Units,
    detectable_effect,
    power_of,
    units_needed,
)
from inference.planning import ShareBaseline as PlannedShare
from inference.planning_lift import detectable_lift, power_for_lift, units_needed_for_lift
from schemas.plan_questions import MeanBaseline, PlanQuestion

router = APIRouter(prefix="/v1/plans", tags=["plans"])

T = TypeVar("T")


class NotPlannable(BaseModel):
    """A part of the plan that does not exist, and why."""

    part: str
    reason: str
    detail: str


class UnitsOfArms(BaseModel):
    """Units in each arm, and of both: what `planned_units` is for two variants."""

    control: int
    treatment: int
    total: int


class Plan(BaseModel):
    """What the question comes to; absent is what was not asked for, or what `missing` explains.

    `units_needed` for the effect to show with the power, `power` of the units given,
    `detectable_effect` (and lift, as a share of the control's mean) the smallest that those units
    show; `expected_at` is when the units will be mature at the pace of the traffic given.
    """

    units_needed: UnitsOfArms | None
    power: float | None
    detectable_effect: float | None
    detectable_lift: float | None
    design_effect: float
    expected_at: datetime | None
    missing: list[NotPlannable]


@router.post("")
async def plan(question: PlanQuestion) -> Plan:
    """Plan a comparison of two arms."""
    return plan_of(question, now=datetime.now(UTC))


def plan_of(question: PlanQuestion, *, now: datetime) -> Plan:
    """Answer a question. Pure."""
    missing: list[NotPlannable] = []

    def found(part: str, answer: T | NoPlan) -> T | None:
        if isinstance(answer, NoPlan):
            missing.append(
                NotPlannable(part=part, reason=answer.reason.value, detail=answer.detail)
            )
            return None
        return answer

    design, baseline = _design(question), _baseline(question)
    given = _given(question)
    needed = found("units_needed", _needed(question, baseline, design)) if question.effect else None
    wanted = given or needed
    return Plan(
        units_needed=_units(needed),
        power=found("power", _power(question, baseline, given, design)) if given else None,
        detectable_effect=(
            found("detectable_effect", detectable_effect(baseline, wanted, design))
            if wanted
            else None
        ),
        detectable_lift=(
            found("detectable_lift", detectable_lift(baseline, wanted, design)) if wanted else None
        ),
        design_effect=design.design_effect,
        expected_at=(
            found("expected_at", _expected(question, wanted, now))
            if wanted and question.traffic
            else None
        ),
        missing=missing,
    )


def _design(question: PlanQuestion) -> Design:
    return Design(
        alpha=question.alpha,
        power=question.power,
        treatment_per_control=question.treatment_per_control,
        design_effect=_design_effect(question),
        looks=_looks(question),
    )


def _design_effect(question: PlanQuestion) -> float:
    alike = question.alikeness
    if alike is None:
        return 1.0
    return Clusters(
        mean_size=alike.mean_size,
        intraclass_correlation=alike.intraclass_correlation,
        size_variation=alike.size_variation,
    ).design_effect


def _looks(question: PlanQuestion) -> Looks:
    if question.looks is not None:
        return PlannedLooks.evenly(question.looks)
    return AnyTime() if question.reading == "watched" else SingleLook()


def _baseline(question: PlanQuestion) -> Baseline | PlannedShare:
    given = question.baseline
    if isinstance(given, MeanBaseline):
        return Baseline(mean=given.mean, variance=given.standard_deviation**2)
    return PlannedShare(given.share)


def _given(question: PlanQuestion) -> Units | None:
    if question.units is None:
        return None
    return Units(question.units.control, question.units.treatment)


def _needed(
    question: PlanQuestion, baseline: Baseline | PlannedShare, design: Design
) -> Units | NoPlan:
    assert question.effect is not None
    of_effect = units_needed_for_lift if question.effect.is_relative else units_needed
    return of_effect(baseline, question.effect.size, design)


def _power(
    question: PlanQuestion, baseline: Baseline | PlannedShare, units: Units, design: Design
) -> float | NoPlan | None:
    if question.effect is None:
        return None
    of_effect = power_for_lift if question.effect.is_relative else power_of
    return of_effect(baseline, question.effect.size, units, design)


def _expected(question: PlanQuestion, needed: Units, now: datetime) -> datetime | NoPlan:
    past = question.traffic
    assert past is not None
    traffic = Traffic(control=past.control, treatment=past.treatment, period=past.period)
    window = question.window or timedelta(0)
    return expected_end(needed, Units(0, 0), traffic, window=window, now=now)


def _units(units: Units | None) -> UnitsOfArms | None:
    if units is None:
        return None
    return UnitsOfArms(control=units.control, treatment=units.treatment, total=units.total)
