"""What of the experiments of a campaign is added up."""

from __future__ import annotations

from typing import Any

from api.campaign_document import CampaignSums, SeenExperiment, campaign_of
from schemas.policies import Level
from schemas.resources import Experiment
from tests.api.resources import experiment


def seen(key: str, level: str, *metrics: dict[str, Any], breakdowns: Any = ()) -> SeenExperiment:
    draft = experiment(key, status="running", epoch=1, created_at="2026-03-01T00:00:00Z")
    results = {"metrics": list(metrics), "breakdowns": breakdowns}
    return SeenExperiment(Experiment.model_validate(draft), Level(level), results)


def counted(*arms: tuple[int, int], **changes: Any) -> dict[str, Any]:
    """A metric with units and sums by variant."""
    found = [{"variant": str(n), "moments": {"n": n, "sum_y": str(y)}} for n, y in arms]
    metric = {"metric": "leads", "version": 1, "name": "Leads", "kind": "conversion"}
    return {**metric, "currency": None, "scale": 0, "arms": found, **changes}


def added(*experiments: SeenExperiment) -> CampaignSums:
    return campaign_of("spring", experiments, "en")


def parts(found: CampaignSums) -> list[list[tuple[str, int, str]]]:
    return [[(p.experiment, p.accounts, p.value) for p in m.experiments] for m in found.metrics]


def test_variants_of_an_experiment_and_experiments_of_a_campaign_add_up() -> None:
    found = added(
        seen("mail", "metrics", counted((10, 4), (20, 5))),
        seen("page", "segments", counted((7, 1))),
    )

    assert parts(found) == [[("mail", 30, "9"), ("page", 7, "1")]]
    assert (found.metrics[0].accounts, found.metrics[0].value) == (37, "10")


def test_other_versions_and_currencies_are_sums_of_their_own() -> None:
    found = added(
        seen("a", "metrics", counted((10, 4))),
        seen("b", "metrics", counted((10, 5), version=2)),
        seen("c", "metrics", counted((10, 6), currency="EUR", kind="latest_deal_value")),
    )

    assert parts(found) == [[("a", 10, "4")], [("c", 10, "6")], [("b", 10, "5")]]


def test_what_was_not_shown_is_in_no_sum() -> None:
    held = counted() | {"arms": [{"variant": "plain", "moments": {"n": 30}}]}
    headline = {"metric": "leads", "version": 1, "name": "Leads", "kind": "conversion"}

    found = added(
        seen("a", "metrics", counted((10, 4))),
        seen("held", "metrics", held),
        seen("headline", "headline", headline | {"currency": None, "arms": [{"variant": "plain"}]}),
        seen("few", "metrics", counted((4, 1))),
        seen("taken-back", "metrics", counted((10, -3))),
    )

    assert parts(found) == [[("a", 10, "4")]]
    assert found.metrics[0].has_small is True
    assert [one["key"] for one in found.experiments][1:3] == ["held", "headline"]


def test_ratios_are_not_added_up() -> None:
    assert added(seen("a", "metrics", counted((10, 4), kind="ratio"))).metrics == ()


def test_contents_add_up_over_experiments_that_are_broken_down_by_content() -> None:
    cells = [
        {"variant": "x", "accounts": 8, "values": {"leads": 2}},
        {"variant": "y", "hidden": True},
    ]
    rows = [{"value": value, "cells": cells} for value in ("guide", "other", "not_given")]
    held = [{"value": "video", "cells": [{"variant": "x", "accounts": 8, "values": {}}]}]
    by_content = [{"dimension": "content", "rows": rows + held}]

    found = added(
        seen("a", "segments", counted((20, 4)), breakdowns=by_content),
        seen("b", "segments", counted((20, 4)), breakdowns=by_content),
        seen("c", "metrics", counted((20, 4)), breakdowns=by_content),
    )

    (guide,) = found.metrics[0].contents
    assert (guide.content, guide.accounts, guide.value) == ("guide", 16, "4")
    assert [part.experiment for part in guide.experiments] == ["a", "b"]
