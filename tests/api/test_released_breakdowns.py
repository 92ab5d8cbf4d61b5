"""Which metrics are broken down, before any database has a say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from api.released_breakdowns import measures_for
from api.released_figures import NOTHING_SHOWN
from schemas.resources import ExperimentDraft, Invalidation, Metric
from storage.definitions import DefinitionBody
from storage.released_readings import Figures
from tests.api.resources import experiment, metric
from transparency.breakdowns import Breakdown

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KINDS: dict[str, dict[str, Any]] = {
    "opens": {"kind": "count"},
    "leads": {},
    "calls": {},
    "meetings": {"window": "P30D"},
    "trials": {},
}


def body(*uses: tuple[str, str], invalidated: str | None = None) -> DefinitionBody:
    """An experiment with these metrics, each in a role."""
    marks = {invalidated: Invalidation(amendment=1, at=NOW)} if invalidated else {}
    stored = {"version": 1, "created_at": NOW}
    found = {
        key: Metric.model_validate(metric(key, **fields) | stored) for key, fields in KINDS.items()
    }
    draft = experiment(metrics=[{"metric": key, "role": role} for key, role in uses])
    return DefinitionBody(ExperimentDraft.model_validate(draft), found, "EUR", (), marks)


def test_the_first_primary_conversion_is_broken_down_and_one_more_with_its_window() -> None:
    registered = body(
        ("opens", "primary"),
        ("calls", "secondary"),
        ("meetings", "secondary"),
        ("leads", "primary"),
        ("trials", "secondary"),
    )

    assert measures_for(NOTHING_SHOWN, registered) == ("leads", "calls")


def test_where_no_metric_is_a_conversion_nothing_is_broken_down() -> None:
    assert measures_for(NOTHING_SHOWN, body(("opens", "primary"))) == ()


def test_what_an_amendment_gave_another_meaning_is_not_broken_down() -> None:
    uses = (("leads", "primary"), ("calls", "primary"))

    assert measures_for(NOTHING_SHOWN, body(*uses, invalidated="leads")) == ("calls",)


def test_later_editions_count_what_the_first_one_did() -> None:
    before = Figures(metrics={}, breakdowns={"channel": Breakdown(measures=("calls",))})

    assert measures_for(before, body(("leads", "primary"), ("calls", "primary"))) == ("calls",)
