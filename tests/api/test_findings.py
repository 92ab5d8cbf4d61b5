"""Each finding by itself: when it is made, when it is not, and what it says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.findings import Finding, Known, Severity, findings
from api.foretold_power import Foretold, foretold
from api.house_history import HouseHistory
from api.observations import plan_of
from inference.looks import AnyTime
from inference.moments import Moments
from inference.planning import Design, ShareBaseline, Units, detectable_effect
from schemas.metric_definitions import ProposedMetric
from schemas.resources import ExperimentDraft
from storage.definitions import DefinitionBody

START = datetime(2026, 3, 2, tzinfo=UTC)
AGREED = [{"side": side, "agreed_at": START, "agreed_by": "p-1"} for side in ("marketing", "sales")]
BOTH_SIDES = {"marketing": ["ada"], "sales": ["ben"]}
SHORTER = ("hint", "ends_at", "shorter_than_window")
BY_CONTENT = {
    "kind": "matching",
    "filter": {"types": ["engagement.email.sent"]},
    "variant_from": "content",
}


def metric(key: str = "leads", **fields: Any) -> ProposedMetric:
    words = {"name": "Leads", "meaning": "It became a lead.", "owner": "sales"}
    rule = {"kind": "conversion", "measure": {"filter": {"types": ["lead.created"]}}}
    rest = {"window": "P14D", "version": 1, "created_at": START, "agreements": AGREED}
    return ProposedMetric.model_validate({"key": key, **words, **rule, **rest, **fields})


def draft(**fields: Any) -> ExperimentDraft:
    words = {"key": "offer", "name": "Offer", "hypothesis": "It helps.", "owner": "marketing"}
    arms = [{"key": "plain", "control": True}, {"key": "short"}]
    period = {"starts_at": START, "ends_at": START + timedelta(days=28)}
    rest = {"variants": arms, "metrics": [{"metric": "leads"}], "planned_units": 4_000}
    return ExperimentDraft.model_validate(
        {**words, **rest, **period, "interpreters": BOTH_SIDES, **fields}
    )


def history(**fields: Any) -> HouseHistory:
    found: dict[str, Any] = {
        "one_in": 1,
        "exposure_events": 9_000,
        "by_variant": {"plain": 4_500, "short": 4_500},
        "unknown_variant": 0,
        "homes": [f"account-{n}" for n in range(500)],
        "units": 5_000,
        "metric_events": {"leads": 250},
        "outcomes": {"leads": share_of(500, 5_000)},
    }
    return HouseHistory(**(found | fields))


def share_of(converted: int, units: int) -> Moments:
    return Moments(n=units, sum_y=converted, sum_yy=converted)


def known(
    experiment: ExperimentDraft | None = None,
    past: HouseHistory | None = None,
    *metrics: ProposedMetric,
    **fields: Any,
) -> Known:
    experiment = experiment or draft()
    by_key = {one.key: one for one in metrics or (metric(),)}
    past = past or history()
    plan = plan_of(DefinitionBody(experiment, dict(by_key), "EUR", ()))
    found = Known(
        draft=experiment,
        metrics=by_key,
        is_agreement_required=False,
        history=past,
        foretold=foretold(plan, past),
        overlaps={},
    )
    return replace(found, **fields)


def rules(found: Known) -> list[tuple[str, str, str]]:
    return [(one.severity.value, one.field, one.rule) for one in findings(found)]


def only(found: Known) -> Finding:
    (one,) = findings(found)
    return one


def test_a_draft_that_gives_no_pause_has_no_finding() -> None:
    assert findings(known()) == []


def test_weights_that_are_no_shares_are_a_hint_with_the_shares() -> None:
    weights = [{"key": "plain", "control": True, "weight": 3}, {"key": "short", "weight": 1}]

    one = only(known(draft(variants=weights)))

    assert (one.severity, one.rule) == (Severity.HINT, "weights_add_up")
    assert one.sentence.en.endswith("plain 75.0%, short 25.0%.")


@pytest.mark.parametrize(("first", "second"), [(1, 1), (5, 5), (70, 30), ("0.9", "0.1")])
def test_equal_weights_and_shares_need_no_hint(first: Any, second: Any) -> None:
    weights = [
        {"key": "plain", "control": True, "weight": first},
        {"key": "short", "weight": second},
    ]

    # Arms of a tenth show less; that is another finding.
    assert "weights_add_up" not in {rule for _, _, rule in rules(known(draft(variants=weights)))}


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (6, [("warning", "ends_at", "less_than_a_week"), SHORTER]),
        (7, [SHORTER]),
        (13, [SHORTER]),
        (14, []),
    ],
)  # fmt: skip
def test_a_period_holds_a_week_and_the_window(days: int, expected: list[Any]) -> None:
    short = draft(ends_at=START + timedelta(days=days), planned_units=900)

    found = [rule for rule in rules(known(short)) if rule[1] == "ends_at"]

    assert found == expected


def test_without_an_end_intake_goes_on() -> None:
    assert rules(known(draft(ends_at=None))) == [("hint", "ends_at", "no_end")]


def test_a_side_without_interpreter_is_named() -> None:
    alone = draft(interpreters={"marketing": ["ada"]})

    one = only(known(alone))

    assert (one.severity, one.field) == (Severity.WARNING, "interpreters.sales")
    assert one.sentence.de.startswith("Vom Vertrieb")


def test_a_guardrail_needs_a_margin() -> None:
    uses = [{"metric": "leads"}, {"metric": "left", "role": "guardrail"}]
    past = history(metric_events={"leads": 9, "left": 9})

    found = rules(known(draft(metrics=uses), past, metric(), metric("left")))

    assert found == [("warning", "metrics.left", "no_margin")]


@pytest.mark.parametrize(("is_required", "severity"), [(True, "warning"), (False, "hint")])
def test_a_metric_that_is_not_in_force_is_named(is_required: bool, severity: str) -> None:
    found = known(None, None, metric(agreements=AGREED[:1]), is_agreement_required=is_required)

    assert rules(found) == [(severity, "metrics.leads", "not_in_force")]


def test_a_rule_that_matches_nothing_is_told_of() -> None:
    silent = history(exposure_events=0, by_variant={})

    assert rules(known(draft(exposure=BY_CONTENT), silent)) == [
        ("warning", "exposure", "matches_nothing")
    ]


def test_variants_that_no_event_names_and_events_of_no_variant_are_told_of() -> None:
    odd = history(by_variant={"plain": 60}, unknown_variant=40, exposure_events=100)

    found = known(draft(exposure=BY_CONTENT), odd)

    assert [rule for _, _, rule in rules(found)] == ["variant_without_events", "unknown_variant"]
    assert findings(found)[1].sentence.en.startswith("40 of 100 matching events")


def test_an_assignment_that_has_not_begun_is_a_hint() -> None:
    silent = history(exposure_events=0, by_variant={})

    assert rules(known(None, silent)) == [("hint", "exposure", "not_assigned_yet")]


def test_a_metric_without_events_is_told_of() -> None:
    assert rules(known(None, history(metric_events={"leads": 0}))) == [
        ("warning", "metrics.leads", "without_events")
    ]


def test_an_overlap_is_told_as_a_share_and_never_of_few_accounts() -> None:
    shared = {"spring": 250, "autumn": 4}

    matching = only(known(draft(exposure=BY_CONTENT), overlaps=shared))
    assigned = only(known(overlaps=shared))

    assert (matching.severity, matching.rule) == (Severity.WARNING, "overlap")
    assert matching.sentence.en.startswith("50% of the accounts that would be exposed")
    assert assigned.severity is Severity.HINT


def test_a_size_that_will_not_be_reached_is_told_of() -> None:
    slow = history(units=300)

    one = only(known(None, slow))

    assert (one.severity, one.rule) == (Severity.WARNING, "too_few_units")
    # 300 units in 30 days are 280 in 28.
    assert "about 280 units" in one.sentence.en


def test_an_experiment_that_only_shows_a_doubling_is_exploratory() -> None:
    rare = history(outcomes={"leads": share_of(25, 5_000)})

    one = only(known(draft(planned_units=1_000), rare))

    assert (one.severity, one.rule) == (Severity.EXPLORATORY, "cannot_conclude")
    assert "exploratory" in one.sentence.en
    assert "Erkundung" in one.sentence.de


def test_what_gives_most_pause_comes_first() -> None:
    found = known(
        draft(interpreters={}, ends_at=None, planned_units=1_000),
        history(outcomes={"leads": share_of(25, 5_000)}),
    )

    assert [severity for severity, _, _ in rules(found)] == [
        "exploratory", "warning", "warning", "hint",
    ]  # fmt: skip


@pytest.mark.parametrize("outcomes", [{}, {"leads": share_of(3, 19)}])
def test_a_past_that_says_too_little_foretells_nothing(outcomes: dict[str, Moments]) -> None:
    found = known(None, history(outcomes=outcomes))

    assert rules(found) == [("hint", "metrics.leads", "cannot_be_foretold")]
    assert found.foretold[0].baseline is None


def test_what_nobody_did_in_the_past_cannot_conclude() -> None:
    found = known(None, history(outcomes={"leads": share_of(0, 5_000)}))

    assert rules(found) == [("exploratory", "metrics.leads", "cannot_conclude")]


def test_without_a_look_at_the_log_the_draft_alone_is_judged() -> None:
    found = known(draft(interpreters={}), history=None, foretold=[])

    assert [rule for _, _, rule in rules(found)] == [
        "no_interpreter", "no_interpreter", "not_looked_up",
    ]  # fmt: skip


def test_the_smallest_effect_is_that_of_the_planned_units_and_the_shared_error() -> None:
    uses = [{"metric": "leads"}, {"metric": "calls"}]
    past = history(outcomes={"leads": share_of(500, 5_000), "calls": share_of(500, 5_000)})
    plan = plan_of(
        DefinitionBody(
            draft(metrics=uses), {"leads": metric(), "calls": metric("calls")}, "EUR", ()
        )
    )

    first, second = foretold(plan, past)

    expected = detectable_effect(
        ShareBaseline(0.1), Units(2_000, 2_000), Design(alpha=0.025, looks=AnyTime())
    )
    assert first.smallest_effect == pytest.approx(expected)
    assert first.as_lift == pytest.approx(float(expected) / 0.1)  # type: ignore[arg-type]
    assert first.smallest_effect == second.smallest_effect


def test_a_metric_that_should_fall_is_foretold_downwards() -> None:
    falling = known(None, None, metric(direction="decrease"))

    (one,) = falling.foretold

    assert isinstance(one, Foretold)
    assert one.smallest_effect is not None
    assert one.smallest_effect < 0
    assert findings(falling) == []
