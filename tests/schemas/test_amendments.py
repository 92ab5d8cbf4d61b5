"""Which numbers a change after the freeze gives another meaning."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.amendments import (
    DEPENDS,
    NEVER,
    TOUCHES_EVERYTHING,
    TOUCHES_NOTHING,
    Change,
    changes_between,
    touched_by,
)
from schemas.resources import ExperimentDraft

START = datetime(2026, 3, 2, tzinfo=UTC)
END = datetime(2026, 3, 30, tzinfo=UTC)
NOW = datetime(2026, 3, 16, tzinfo=UTC)
DAY = timedelta(days=1)
USES = [
    {"metric": "leads", "version": 1},
    {"metric": "won", "version": 1},
    {"metric": "calls", "version": 1, "role": "secondary"},
    {"metric": "opens", "version": 1, "role": "secondary"},
    {"metric": "unsubscribed", "version": 1, "role": "guardrail", "margin": "0.01"},
]

PLAIN = {"key": "plain", "control": True}
BY_CONTENT = {"kind": "matching", "filter": {"types": ["lead.*"]}, "variant_from": "content"}


def draft(**fields: Any) -> ExperimentDraft:
    words = {"key": "offer", "name": "Offer", "hypothesis": "It helps.", "owner": "marketing"}
    arms = [{"key": "plain", "control": True}, {"key": "short"}, {"key": "long"}]
    period = {"starts_at": START, "ends_at": END}
    rest = {"variants": arms, "metrics": USES, **period, "planned_units": 100}
    return ExperimentDraft.model_validate({**words, **rest, **fields})


def touched(**changes: Any) -> set[str]:
    return set(touched_by(draft(), draft(**changes), now=NOW))


def with_use(key: str, **fields: Any) -> list[dict[str, Any]]:
    return [use | fields if use["metric"] == key else use for use in USES]


def without(key: str) -> list[dict[str, Any]]:
    return [use for use in USES if use["metric"] != key]


def test_every_field_of_a_draft_has_its_rule() -> None:
    rules = [TOUCHES_EVERYTHING, TOUCHES_NOTHING, DEPENDS, NEVER]

    assert frozenset.union(*rules) == ExperimentDraft.model_fields.keys()
    assert sum(map(len, rules)) == len(ExperimentDraft.model_fields)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Another"},
        {"hypothesis": "It helps a lot."},
        {"decision_rule": "Adopt where leads are better by 2 points."},
        {"owner": "sales"},
        {"team": "demand"},
        {"interpreters": {"marketing": ["ada"], "sales": ["ben"]}},
        {"policy": "open"},
        {"follows": "earlier"},
        {"variants": [{"key": "plain", "control": True, "name": "As before"}, {"key": "long"},
                      {"key": "short"}]},
        {"metrics": list(reversed(USES))},
        {"ends_at": END + DAY},
        {"ends_at": NOW + DAY},
        {"ends_at": None},
    ],
)  # fmt: skip
def test_words_people_order_and_an_end_ahead_touch_no_number(changes: dict[str, Any]) -> None:
    assert touched(**changes) == set()


@pytest.mark.parametrize(
    "changes",
    [
        {"unit": "contact"},
        {"randomised": False},
        {"exposure": BY_CONTENT},
        {"variants": [{"key": "plain", "control": True}, {"key": "short"}]},
        {"variants": [PLAIN, {"key": "short", "weight": 2}, {"key": "long"}]},
        {"variants": [{"key": "plain"}, {"key": "short", "control": True}, {"key": "long"}]},
        {"starts_at": START - DAY},
        {"planned_units": 200},
        {"alpha": "0.1"},
        {"comparisons": [["short", "long"]]},
        {"looks": ["0.5", "1"]},
        {"ends_at": NOW - DAY},
    ],
)  # fmt: skip
def test_what_units_count_and_how_sure_a_reading_is_touches_every_number(
    changes: dict[str, Any],
) -> None:
    assert touched(**changes) == {"*"}


def test_an_end_that_has_passed_is_not_moved_without_touching_every_number() -> None:
    later = touched_by(draft(), draft(ends_at=END + 9 * DAY), now=END + DAY)

    assert later == {"*"}


@pytest.mark.parametrize(
    "fields", [{"version": 2}, {"covariate": "P14D"}, {"cap": 3}, {"equivalence": 1}]
)
def test_what_changes_one_metric_touches_that_one(fields: dict[str, Any]) -> None:
    assert touched(metrics=with_use("won", **fields)) == {"won"}


def test_another_margin_touches_its_guardrail() -> None:
    assert touched(metrics=with_use("unsubscribed", margin="0.05")) == {"unsubscribed"}


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ([*USES, {"metric": "new", "role": "secondary"}], {"new", "calls", "opens"}),
        ([*USES, {"metric": "new"}], {"new", "leads", "won"}),
        (without("opens"), {"calls", "opens"}),
        (without("won"), {"leads", "won"}),
        (with_use("won", role="secondary"), {"leads", "won", "calls", "opens"}),
    ],
)
def test_metrics_that_share_an_error_are_touched_together(
    metrics: list[dict[str, Any]], expected: set[str]
) -> None:
    assert touched(metrics=metrics) == expected


def test_a_new_guardrail_touches_only_itself_and_a_lost_one_what_it_held_up() -> None:
    more = [*USES, {"metric": "spam", "role": "guardrail", "margin": 1}]

    assert touched(metrics=more) == {"spam"}
    assert touched(metrics=without("unsubscribed")) == {"unsubscribed", "leads", "won"}


def test_changes_are_listed_field_by_field_and_metric_by_metric() -> None:
    after = draft(
        name="Another",
        metrics=with_use("won", cap=3),
        variants=[{"key": "plain", "control": True}, {"key": "short"}],
    )

    changes = changes_between(draft(), after)

    assert [change.field for change in changes] == ["name", "variants.long", "metrics.won"]
    assert changes[0] == Change(field="name", before="Offer", after="Another")
    assert changes[1].after is None
    assert changes[2].before["cap"] is None  # type: ignore[index,call-overload]
    assert changes[2].after["cap"] == "3"  # type: ignore[index,call-overload]


def test_another_order_is_a_change_too() -> None:
    (change,) = changes_between(draft(), draft(metrics=list(reversed(USES))))

    assert change.field == "metrics.order"
