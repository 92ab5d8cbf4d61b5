"""The second wall: documents that carry figures their status forbids lose them, whoever reads."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.statuses import Status
from schemas.policies import Level
from tests.transparency.documents import breakdown, comparison, document, metric, pair
from transparency.redaction import View, redact
from transparency.status_rule import FORBIDDING, SHOWING, hold_to_status, may_show_estimate

VISIBLE = [Level.HEADLINE, Level.METRICS, Level.SEGMENTS, Level.JOURNEYS]
SECRET = 0.123456789


def wrongly(status: str) -> dict[str, Any]:
    """A pair with every figure there is, and a status that forbids them all."""
    figures = pair("better")
    figures |= {
        "status": status,
        "estimate": SECRET,
        "always_valid": comparison(SECRET),
        "one_look": comparison(SECRET),
        "corrected_p_value": SECRET,
        "belief": {"mean": SECRET, "chance_to_be_better": SECRET},
        "picture": f"<svg>{SECRET}</svg>",
        "figure_of_tomorrow": SECRET,
        "sentence": f"question is better by {SECRET}",
    }
    return figures


def wrong_document(status: str) -> dict[str, Any]:
    wrong = metric("downloads", "primary", "better", pairs=[wrongly(status)], mean_of_all=SECRET)
    for arm in wrong["arms"]:
        arm |= {"mean": SECRET, "lower": SECRET, "upper": SECRET, "capped": 3, "spread": SECRET}
        arm["moments"] |= {"sum_y": str(SECRET), "sum_yy": str(SECRET)}
        arm["moments_still_open"] |= {"sum_y": str(SECRET)}
    cells = breakdown()
    for row in cells["rows"]:
        row["readings"] = [{"metric": "downloads", "pairs": [wrongly(status)]}]
        for cell in row["cells"]:
            cell["values"] = {"downloads": SECRET}
    cells["totals"][0]["values"] = {"downloads": SECRET}
    decision = {"variant": "question", "verdict": "adopt", "metrics": [], "sentence": "Adopt it."}
    return document(metrics=[wrong], breakdowns=[cells], decisions=[decision], journeys=[])


@pytest.mark.parametrize("level", VISIBLE)
@pytest.mark.parametrize("status", ["collecting", "invalid", "a status of tomorrow", None, 7])
def test_no_figure_gets_out_where_the_status_forbids_it(status, level):
    redacted = redact(wrong_document(status), View(level=level, is_pinned=True))

    assert str(SECRET) not in str(redacted)
    assert "Adopt it." not in str(redacted)
    (read,) = redacted.document["metrics"]
    assert read["pairs"][0].keys() <= {
        "baseline",
        "variant",
        "status",
        "reason",
        "n_baseline",
        "n_variant",
        "planned_units",
        "alpha",
        "sentence",
    }
    assert read["arms"][0].keys() <= {"variant", "n", "still_open", "incomplete", "moments"}
    assert read["arms"][0].get("moments", {}).keys() <= {"n"}


@pytest.mark.parametrize(("language", "word"), [("en", "no estimate"), ("de", "keine Schätzung")])
def test_a_sentence_made_from_forbidden_figures_is_replaced(language, word):
    redacted = redact(wrong_document("invalid"), View(level=Level.HEADLINE, language=language))

    assert word in redacted.document["metrics"][0]["pairs"][0]["sentence"]
    assert any("downloads" in entry.what for entry in redacted.withheld)


def test_the_sentence_of_a_clean_held_reading_stays():
    redacted = redact(document("collecting"), View(level=Level.HEADLINE))

    (read,) = redacted.document["metrics"]
    assert read["pairs"][0]["sentence"] == "Too early to say anything."
    assert read["mature_units"] == 80


def test_exact_sums_are_no_way_around_the_rule():
    seen = redact(document("collecting"), View(level=Level.JOURNEYS)).document

    assert seen["metrics"][0]["arms"][0]["moments"] == {"n": 40}


@pytest.mark.parametrize("name", ["estimate", "lower", "upper"])
def test_there_is_no_estimate_without_its_interval(name):
    lone = pair("better", always_valid={**comparison(SECRET), name: None}, estimate=SECRET)

    seen = redact(
        document(metrics=[metric("downloads", "primary", pairs=[lone])]), View(level=Level.METRICS)
    ).document

    assert str(SECRET) not in str(seen["metrics"])
    assert "p_value" not in str(seen["metrics"])


def test_one_look_is_an_interval_too():
    assert may_show_estimate(pair("better", always_valid=None, one_look=comparison()))


def test_an_arm_shows_figures_where_one_of_its_comparisons_does():
    third = pair("collecting", variant="offer")
    read = metric("downloads", "primary", pairs=[pair("better"), third])
    read["arms"].append({**read["arms"][0], "variant": "offer", "mean": SECRET})

    seen = redact(document(metrics=[read]), View(level=Level.METRICS)).document

    plain, question, offer = seen["metrics"][0]["arms"]
    assert (plain["mean"], question["mean"]) == (0.75, 0.75)
    assert "mean" not in offer


def test_a_metric_that_shows_nothing_has_no_values_in_a_breakdown():
    read = [metric("downloads", "primary", "collecting"), metric("unsubscribed", "guardrail")]

    seen = redact(document(metrics=read), View(level=Level.SEGMENTS)).document

    cell = seen["breakdowns"][0]["rows"][0]["cells"][0]
    assert cell["values"] == {"unsubscribed": 1}
    assert cell["accounts"] == 20


def test_a_verdict_that_waits_is_shown_while_figures_are_not():
    seen = redact(document("collecting"), View(level=Level.METRICS)).document

    assert [decision["verdict"] for decision in seen["decisions"]] == ["wait"]


def test_a_clean_document_passes_as_it_is():
    found = document()

    held = hold_to_status(found)

    assert held.document == found
    assert held.metrics == ()


def test_every_status_of_a_reading_is_known_to_the_rule():
    assert {str(status) for status in Status} == FORBIDDING | SHOWING
    assert not FORBIDDING & SHOWING


def numbers(node: Any) -> Iterator[float]:
    if isinstance(node, Mapping):
        for item in node.values():
            yield from numbers(item)
    elif isinstance(node, list | tuple):
        for item in node:
            yield from numbers(item)
    elif isinstance(node, float):
        yield node


GRAFTS = st.recursive(
    st.just(SECRET),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=2),
        st.dictionaries(
            st.sampled_from(["estimate", "mean", "p_value", "always_valid", "picture", "new"]),
            inner,
            min_size=1,
            max_size=3,
        ),
    ),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.sampled_from(["estimate", "always_valid", "fixed", "belief", "lift", "weeks", "new"]),
        GRAFTS,
    ),
    st.sampled_from(sorted(FORBIDDING)),
    st.integers(0, 3),
)
def test_wherever_a_held_reading_stands_it_carries_no_figure(figures, status, depth):
    node: Any = {**pair(status), "planned_units": 80, "alpha": "0.05", **figures}
    for _ in range(depth):
        node = {"deeper": [node]}

    assert SECRET not in list(numbers(hold_to_status(node).document))
