"""Sentences say in both languages what may be concluded, with the digits the interval can bear."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inference.comparison import Comparison, Method, Reason
from inference.plan import ArmPlan, ExperimentPlan, MetricPlan
from inference.sentences import (
    Pair,
    sentence_of_estimate,
    sentence_of_mixed_units,
    sentence_of_obstacle,
)
from inference.statuses import Status
from inference.wording import count_in_words, percent_in_words, range_in_words
from schemas.resources import MetricKind

# Floors come first, or these concern an adjustment only: no reading has them as its obstacle.
NEVER_AN_OBSTACLE = {
    Reason.NO_COVARIATE,
    Reason.COVARIATE_IMBALANCE,
    Reason.BASELINE_NEAR_ZERO,
    Reason.MEAN_NOT_POSITIVE,
    Reason.DOES_NOT_APPLY,
    Reason.HORIZON_NOT_SEEN,
    Reason.TOO_FEW_WEEKS,
}
ESTIMATED = set(Status) - {Status.COLLECTING, Status.INVALID}


def metric_of(kind: MetricKind, **labels: str) -> MetricPlan:
    return MetricPlan(key="meetings", kind=kind, window=timedelta(days=14), **labels)


def pair_of(metric: MetricPlan) -> Pair:
    arms = (ArmPlan(variant="a", name="Plain", is_control=True), ArmPlan(variant="b"))
    plan = ExperimentPlan(key="subject", arms=arms, metrics=(metric,), planned_units=2000)
    return Pair(plan, metric, *arms, 1234, 7)


def difference_of(estimate: float, lower: float, upper: float) -> Comparison:
    return Comparison(
        method=Method.CONFIDENCE_SEQUENCE,
        estimate=estimate,
        lower=lower,
        upper=upper,
        level=0.95,
        n_control=1234,
        n_treatment=7,
        standard_error=1.0,
    )


@pytest.mark.parametrize("reason", sorted(set(Reason) - NEVER_AN_OBSTACLE))
def test_every_obstacle_has_a_sentence_without_holes(reason):
    pair = pair_of(metric_of(MetricKind.CONVERSION))

    sentence = sentence_of_obstacle(pair, reason)

    for text in (sentence.en, sentence.de):
        assert text.endswith(".")
        assert "meetings" in text
        assert not {"{", "}"} & set(text)
    assert sentence.en != sentence.de


@pytest.mark.parametrize("status", sorted(ESTIMATED))
def test_every_estimate_comes_with_its_interval_in_both_languages(status):
    pair = pair_of(metric_of(MetricKind.SUM, currency="EUR"))

    sentence = sentence_of_estimate(pair, status, difference_of(1234.5, 1000, 1469))

    assert (
        "+1,234 EUR per account (95 % interval, valid however often one looks: +1,000 to +1,469)"
    ) in sentence.en
    assert "95 %-Intervall" in sentence.de
    assert "EUR je Account" in sentence.de
    assert "+1.000 bis +1.469" in sentence.de


def test_no_difference_yet_is_not_no_difference():
    pair = pair_of(metric_of(MetricKind.CONVERSION))

    sentence = sentence_of_estimate(pair, Status.UNDECIDED, difference_of(0.01, -0.02, 0.04))

    assert sentence.en == (
        "No difference shown yet between b and Plain on meetings: +1.0 percentage points (95 % "
        "interval, valid however often one looks: −2.0 to +4.0). This does not show that there is "
        "none."
    )
    assert sentence.de.endswith("Das zeigt nicht, dass es keinen gibt.")
    assert "+1,0 Prozentpunkte" in sentence.de


def test_only_an_association_is_called_one():
    pair = pair_of(metric_of(MetricKind.CONVERSION))
    texts = {
        status: sentence_of_estimate(pair, status, difference_of(0.01, 0.005, 0.04))
        for status in ESTIMATED
    }

    assert [s for s in ESTIMATED if "association" in texts[s].en] == [Status.OBSERVATIONAL]
    assert [s for s in ESTIMATED if "Zusammenhang" in texts[s].de] == [Status.OBSERVATIONAL]
    assert "better" not in texts[Status.OBSERVATIONAL].en
    assert "besser" not in texts[Status.OBSERVATIONAL].de


@pytest.mark.parametrize(
    ("kind", "labels", "unit", "estimate"),
    [
        (MetricKind.CONVERSION, {}, "account", "+25.0 percentage points"),
        (MetricKind.SUM, {"currency": "EUR"}, "contact", "+0.250 EUR per contact"),
        (MetricKind.COUNT, {"unit_label": "visits"}, "account", "+0.250 visits per account"),
        (MetricKind.COUNT, {}, "account", "+0.250 per account"),
        (MetricKind.RATIO, {}, "account", "+0.250"),
        (MetricKind.RATIO, {"unit_label": "clicks per mail"}, "account", "+0.250 clicks per mail"),
    ],
)
def test_a_difference_is_in_the_units_of_its_metric(kind, labels, unit, estimate):
    words = range_in_words(difference_of(0.25, 0.2, 0.3), metric_of(kind, **labels), unit, "en")

    assert words.estimate == estimate


@pytest.mark.parametrize(
    ("half", "lower"), [(4567.0, "−4,567"), (45.6, "−46"), (0.45, "−0.45"), (0.00123, "−0.0012")]
)
def test_digits_stop_where_the_interval_does(half, lower):
    metric = metric_of(MetricKind.RATIO)

    assert range_in_words(difference_of(0, -half, half), metric, "account", "en").lower == lower


def test_nothing_has_no_sign():
    metric = metric_of(MetricKind.RATIO)

    assert range_in_words(difference_of(-1e-9, -1, 1), metric, "account", "en").estimate == "0.0"


def test_numbers_follow_the_language():
    assert (count_in_words(1234567, "en"), count_in_words(1234567, "de")) == (
        "1,234,567",
        "1.234.567",
    )
    assert (percent_in_words(0.0123, "en"), percent_in_words(0.0123, "de")) == ("1.23 %", "1,23 %")
    assert "1,23 %" in sentence_of_mixed_units(0.0123).de
    assert "1.23 %" in sentence_of_mixed_units(0.0123).en
