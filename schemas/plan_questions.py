"""What is asked before an experiment is registered: can it ever conclude, and when?"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from schemas.resources import Resource

Share = Annotated[FiniteFloat, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=0, le=10**15)]


class MeanBaseline(Resource):
    """A unit without treatment: its mean and standard deviation, in the metric's units."""

    kind: Literal["mean"] = "mean"
    mean: FiniteFloat
    standard_deviation: Annotated[FiniteFloat, Field(gt=0)]


class ShareBaseline(Resource):
    """The share of units that convert without treatment."""

    kind: Literal["share"] = "share"
    share: Share


class Effect(Resource):
    """What should show: a difference in the metric's units, or as a share of the control's mean."""

    size: FiniteFloat
    is_relative: bool = False


class PlannedUnits(Resource):
    """Units in each of the two compared arms."""

    control: Annotated[int, Field(ge=2, le=10**15)]
    treatment: Annotated[int, Field(ge=2, le=10**15)]


class Alikeness(Resource):
    """How alike contacts of an account are, where contacts are counted and accounts assigned."""

    mean_size: Annotated[FiniteFloat, Field(ge=1)]
    intraclass_correlation: Annotated[FiniteFloat, Field(ge=0, le=1)]
    size_variation: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    """Standard deviation of the numbers of contacts, over their mean."""


class PastTraffic(Resource):
    """Units that met each arm, or would have, during a period."""

    control: Count
    treatment: Count
    period: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=3650))]


class PlanQuestion(Resource):
    """A planned comparison of two arms: with an effect, with units, or with both.

    `reading` says how it will be read: watched at any time, once, or at so many planned looks.
    """

    baseline: Annotated[MeanBaseline | ShareBaseline, Field(discriminator="kind")]
    effect: Effect | None = None
    units: PlannedUnits | None = None
    alpha: Annotated[FiniteFloat, Field(ge=0.001, le=0.2)] = 0.05
    power: Annotated[FiniteFloat, Field(gt=0.2, lt=1)] = 0.8
    treatment_per_control: Annotated[FiniteFloat, Field(ge=0.001, le=1000)] = 1.0
    reading: Literal["watched", "once", "looks"] = "watched"
    looks: Annotated[int, Field(ge=2, le=20)] | None = None
    alikeness: Alikeness | None = None
    traffic: PastTraffic | None = None
    window: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=730))] = timedelta(0)

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if self.effect is None and self.units is None:
            raise ValueError("effect: needed where no units are given, or units where no effect is")
        if (self.reading == "looks") != (self.looks is not None):
            raise ValueError("looks: how many, where reading is 'looks', and only there")
        return self
