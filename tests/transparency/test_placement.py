"""Every field that readings have is placed, or kept back on purpose: none is forgotten."""

from typing import Any

import msgspec
import pytest

from api.intake import Intake, StrayExposures, TopicDelivery
from api.results_document import Backfill, Results
from inference.bayesian import Belief
from inference.comparison import Comparison
from inference.decisions import DecisionReading
from inference.empirical_bayes import ShrunkenShare
from inference.measured_clusters import MeasuredClusters
from inference.moments import Moments
from inference.novelty import Trend, WeekEffect
from inference.outcomes import OutcomeReading
from inference.pairs import PairReading
from inference.readings import ArmReading, MetricReading
from inference.sample_ratio import SampleRatio
from inference.sample_ratio_over_time import DailySampleRatio, DayRatio
from transparency.placement import RESULTS, Fields

STRUCTS: list[tuple[str, Any]] = [
    ("", Results),
    ("backfill", Backfill),
    ("intake", Intake),
    ("intake.stray_exposures", StrayExposures),
    ("intake.deliveries", TopicDelivery),
    ("sample_ratio", SampleRatio),
    ("sample_ratio_by_day", DailySampleRatio),
    ("sample_ratio_by_day.days", DayRatio),
    ("decisions", DecisionReading),
    ("arms", ArmReading),
    ("metrics", MetricReading),
    ("metrics.arms", OutcomeReading),
    ("metrics.arms.clusters", MeasuredClusters),
    ("metrics.arms.shrunken", ShrunkenShare),
    ("metrics.arms.moments", Moments),
    ("metrics.pairs", PairReading),
    ("metrics.pairs.always_valid", Comparison),
    ("metrics.pairs.fixed", Comparison),
    ("metrics.pairs.belief", Belief),
    ("metrics.pairs.trend", Trend),
    ("metrics.pairs.weeks", WeekEffect),
]


def fields_at(path: str) -> Fields:
    fields = RESULTS
    for name in filter(None, path.split(".")):
        within = fields[name].within
        assert within is not None, path
        fields = within
    return fields


@pytest.mark.parametrize(("path", "struct"), STRUCTS, ids=lambda x: x if isinstance(x, str) else "")
def test_every_field_of_a_reading_has_a_place(path, struct):
    names = {field.name for field in msgspec.structs.fields(struct)}

    unplaced = names - fields_at(path).keys()

    assert unplaced == set(), f"place them in transparency/placement.py: {sorted(unplaced)}"
