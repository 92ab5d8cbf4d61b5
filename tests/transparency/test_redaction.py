"""What each level sees of a results document, and that nothing else ever gets through."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.policies import Level
from tests.transparency.documents import breakdown, document, metric, pair
from transparency.interpretation import SENTENCES, Interpretation, Marker
from transparency.placement import RESULTS, Fields
from transparency.redaction import View, redact
from transparency.trees import objects_in

VISIBLE = [Level.HEADLINE, Level.METRICS, Level.SEGMENTS, Level.JOURNEYS]


def seen_at(level: Level, found: Mapping[str, Any] | None = None, **view: Any) -> Mapping[str, Any]:
    return redact(found or document(), View(level=level, **view)).document


def paths(node: Any, path: str = "") -> Iterator[str]:
    if isinstance(node, Mapping):
        for name, item in node.items():
            yield f"{path}.{name}".lstrip(".")
            yield from paths(item, f"{path}.{name}".lstrip("."))
    elif isinstance(node, list | tuple):
        for item in node:
            yield from paths(item, path)


def test_without_a_level_there_is_nothing_not_even_the_experiment():
    redacted = redact(document(), View(level=Level.NONE))

    assert (redacted.existence, redacted.http_status) == ("hidden", 404)
    assert redacted.document == {}
    assert redacted.withheld == ()
    assert redacted.interpretation is None


def test_the_headline_is_the_sentence_of_the_primary_metric_with_its_interval():
    seen = seen_at(Level.HEADLINE)

    (only,) = seen["metrics"]
    assert only["metric"] == "downloads"
    (read,) = only["pairs"]
    assert read == {
        "baseline": "plain",
        "variant": "question",
        "status": "better",
        "reason": None,
        "n_baseline": 40,
        "n_variant": 40,
        "planned_units": 80.0,
        "sentence": "question is better than plain.",
        "estimate": 0.5,
        "deciding": "always_valid",
        "always_valid": {
            "method": "asymptotic_confidence_sequence",
            "estimate": 0.5,
            "lower": 0.3,
            "upper": 0.7,
            "level": 0.95,
        },
        "one_look": None,
    }
    assert only["arms"][0] == {"variant": "plain", "n": 40, "still_open": 7}


def test_intake_sample_ratio_and_maturity_are_live_for_all_who_see_anything():
    seen = seen_at(Level.HEADLINE)

    assert seen["intake"]["exposed_units"] == 94
    assert seen["sample_ratio"] == {
        "counts": [47, 47],
        "expected": [47.0, 47.0],
        "alarm": False,
        "unregistered_units": 0,
    }
    assert seen["metrics"][0]["mature_units"] == 80
    assert seen["read_at"] == "2026-04-01T00:00:00Z"


def test_all_readings_come_with_the_level_metrics():
    seen = seen_at(Level.METRICS)

    assert [read["metric"] for read in seen["metrics"]] == ["downloads", "unsubscribed"]
    assert seen["metrics"][0]["arms"][0]["moments"]["sum_y"] == "17"
    assert seen["metrics"][0]["pairs"][0]["belief"]["mean"] == 0.4
    assert seen["decisions"][0]["verdict"] == "adopt"
    assert "breakdowns" not in seen
    assert "journeys" not in seen


def test_sums_of_open_windows_are_an_estimate_before_its_time_and_shown_to_nobody():
    for level in VISIBLE:
        for read in seen_at(level)["metrics"]:
            assert all(one.get("moments_still_open", {}).keys() <= {"n"} for one in read["arms"])


def test_breakdowns_come_with_the_level_segments():
    seen = seen_at(Level.SEGMENTS)

    assert seen["breakdowns"][0]["rows"][0]["cells"][0]["accounts"] == 20
    assert "journeys" not in seen
    assert "days" not in seen["sample_ratio_by_day"]


def test_contacts_are_seen_only_of_accounts_that_the_reader_serves():
    seen = seen_at(Level.JOURNEYS, contacts_of=frozenset({"a-1"}))

    served, other = seen["journeys"]
    assert served["touches"][0]["contact"] == "c_0123"
    assert "contact" not in other["touches"][0]
    assert other["touches"][0]["campaign"] == "spring"


def test_the_effect_by_week_waits_for_the_pinned_snapshot():
    live = redact(document(), View(level=Level.SEGMENTS))
    pinned = redact(document(), View(level=Level.SEGMENTS, is_pinned=True))

    assert "weeks" not in live.document["metrics"][0]["pairs"][0]
    assert "week by week" in " ".join(entry.what for entry in live.withheld)
    assert pinned.document["metrics"][0]["pairs"][0]["weeks"][0]["week"] == 0
    assert "week by week" not in " ".join(entry.what for entry in pinned.withheld)


@pytest.mark.parametrize("level", VISIBLE)
@pytest.mark.parametrize(
    "spot",
    [
        (),
        ("experiment",),
        ("intake",),
        ("metrics", 0),
        ("metrics", 0, "arms", 0),
        ("metrics", 0, "pairs", 0),
        ("metrics", 0, "pairs", 0, "always_valid"),
        ("breakdowns", 0, "rows", 0, "cells", 0),
        ("journeys", 0),
        ("journeys", 0, "touches", 0),
    ],
)
def test_a_field_that_has_no_place_is_seen_by_nobody(level, spot):
    found = document()
    node: Any = found
    for step in spot:
        node = node[step]
    node["picture_of_everything"] = {"svg": "secret"}

    assert "secret" not in str(seen_at(level, found, is_pinned=True))


@pytest.mark.parametrize("level", VISIBLE)
def test_a_single_value_smuggles_in_no_object(level):
    found = document(evidence={"secret": 1}, cautions=[{"secret": 1}], metrics=[["secret"]])
    found["experiment"]["name"] = {"secret": 1}

    assert "secret" not in str(seen_at(level, found))


@pytest.mark.parametrize(("language", "word"), [("en", "policy"), ("de", "Sichtbarkeitsregel")])
def test_what_is_left_out_is_explained_in_the_readers_language(language, word):
    redacted = redact(document(), View(level=Level.HEADLINE, language=language))

    assert len(redacted.withheld) == 3
    assert all(word in entry.why for entry in redacted.withheld)
    assert len({entry.what for entry in redacted.withheld}) == 3


def test_nothing_is_said_to_be_left_out_that_was_never_there():
    found = document(journeys=[], breakdowns=[])
    found["metrics"] = [metric("downloads", "primary", "collecting")]
    found["metrics"][0]["arms"] = []
    found["sample_ratio_by_day"] = None

    redacted = redact(found, View(level=Level.METRICS))

    assert redacted.withheld == ()


def test_hidden_groups_and_held_contacts_are_explained():
    redacted = redact(document(), View(level=Level.JOURNEYS, is_pinned=True))

    whats = " ".join(entry.what for entry in redacted.withheld)
    assert "breakdown by channel" in whats
    assert "Contacts" in whats


def test_a_held_metric_beyond_the_level_is_not_even_named():
    redacted = redact(document("collecting"), View(level=Level.HEADLINE))

    assert "unsubscribed" not in str(redacted)


def test_the_marker_stands_beside_the_document():
    marker = Marker(Interpretation.NOT_YET, SENTENCES[Interpretation.NOT_YET])

    redacted = redact(document(), View(level=Level.HEADLINE, marker=marker, language="de"))

    assert redacted.interpretation == "not_yet_interpreted"
    assert redacted.interpretation_sentence.startswith("Noch nicht interpretiert")


def test_a_small_cell_that_came_along_by_mistake_is_hidden_with_its_comparison():
    rows = breakdown()
    rows["rows"][0]["cells"][1]["accounts"] = 4
    rows["rows"][0]["readings"] = [{"metric": "downloads", "pairs": [pair("undecided")]}]
    rows["totals"][1]["accounts"] = 3

    (seen,) = seen_at(Level.JOURNEYS, document(breakdowns=[rows]))["breakdowns"]

    assert seen["rows"][0]["cells"][1] == {"variant": "question", "hidden": True}
    assert seen["rows"][0]["readings"] == [{"metric": "downloads", "pairs": []}]
    assert seen["totals"][1] == {"variant": "question", "hidden": True}


def places(fields: Fields, path: str = "", at: Level = Level.NONE) -> Iterator[tuple[str, Level]]:
    """Every path with the level from which it is seen, which is that of all that holds it."""
    for name, place in fields.items():
        here, level = f"{path}.{name}".lstrip("."), max(at, place.level)
        yield here, level
        if place.within is not None:
            yield from places(place.within, here, level)


PLACES = dict(places(RESULTS))
REGISTERED_AS_A_WHOLE = (
    "experiment.exposure.",
    "experiment.metrics.",
    "experiment.comparisons.",
    "breakdowns.rows.cells.values.",
    "breakdowns.totals.values.",
)


def nested(depth: int = 3) -> st.SearchStrategy[Any]:
    names = st.sampled_from(
        sorted({name for path in PLACES for name in path.split(".")} | {"secret", "svg", "status"})
    )
    leaves = st.one_of(
        st.none(), st.integers(0, 50), st.sampled_from(["collecting", "better", "primary", "x"])
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=5)
        ),
        max_leaves=25,
    )


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """The document with anything at all grafted onto some of its places."""
    found = copy.deepcopy(document(draw(st.sampled_from(["better", "collecting", "invalid"]))))
    for _ in range(draw(st.integers(0, 4))):
        node: Any = found
        for _ in range(draw(st.integers(0, 5))):
            if isinstance(node, dict) and node:
                step: Any = draw(st.sampled_from(sorted(node)))
            elif isinstance(node, list) and node:
                step = draw(st.integers(0, len(node) - 1))
            else:
                break
            if not isinstance(node[step], dict | list):
                break
            node = node[step]
        if isinstance(node, dict):
            name = draw(st.sampled_from([*sorted(node), "secret"]) if node else st.just("secret"))
            node[name] = draw(nested())
    return found


@settings(max_examples=50)
@given(documents(), st.sampled_from(VISIBLE), st.booleans())
def test_nothing_of_a_higher_level_gets_through_whatever_is_sent(found, level, is_pinned):
    seen = seen_at(level, found, is_pinned=is_pinned)

    for path in paths(seen):
        if not path.startswith(REGISTERED_AS_A_WHOLE):
            assert PLACES[path] <= level
    if level < Level.METRICS:
        assert all(read.get("role") == "primary" for read in objects_in(seen.get("metrics")))


@settings(max_examples=50)
@given(documents(), st.sampled_from(VISIBLE), st.booleans())
def test_redacting_twice_changes_nothing(found, level, is_pinned):
    once = seen_at(level, found, is_pinned=is_pinned)

    assert redact(once, View(level=level, is_pinned=is_pinned)).document == once


@settings(max_examples=50)
@given(documents(), st.sampled_from(VISIBLE), st.sampled_from(VISIBLE))
def test_a_lower_level_sees_a_part_of_what_a_higher_one_sees(found, one, other):
    lower, higher = sorted((one, other))

    through = redact(seen_at(higher, found), View(level=lower)).document

    assert through == seen_at(lower, found)


@settings(max_examples=50)
@given(documents())
def test_the_document_that_was_sent_is_not_changed(found):
    before = copy.deepcopy(found)

    seen_at(Level.METRICS, found)

    assert found == before
