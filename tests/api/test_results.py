"""Reading an experiment over HTTP: exact sums, intervals, words, and no number too early."""

import json
from typing import Any

import pytest
from scipy import stats

from tests.api.company import Company, exposure, history
from tests.api.conftest import Registry
from tests.api.resources import experiment, metric

pytestmark = pytest.mark.stack


@pytest.fixture
def company(registry: Registry) -> Company:
    """A company with an API and a database."""
    return Company(registry.client, registry.database)


def test_moments_and_welch_interval_are_those_of_the_outcomes(company: Company) -> None:
    company.start()
    company.deliver(history(40, {"plain": 10, "question": 30}))

    (read,) = company.results().json()["metrics"]

    plain, question = read["arms"]
    assert (plain["variant"], plain["n"], plain["moments"]["sum_y"]) == ("plain", 40, "10")
    assert (question["variant"], question["n"], question["moments"]["sum_yy"]) == (
        *("question", 40, "30"),
    )
    assert (plain["mean"], question["mean"]) == (0.25, 0.75)
    expected = stats.ttest_ind([1] * 30 + [0] * 10, [1] * 10 + [0] * 30, equal_var=False)
    interval = expected.confidence_interval(0.95)
    (pair,) = read["pairs"]
    assert pair["status"] == "better"
    assert pair["estimate"] == 0.5
    assert pair["fixed"]["statistic"] == pytest.approx(expected.statistic, rel=1e-12)
    assert pair["fixed"]["p_value"] == pytest.approx(expected.pvalue, rel=1e-9)
    assert pair["fixed"]["lower"] == pytest.approx(interval.low, rel=1e-12)
    assert pair["fixed"]["upper"] == pytest.approx(interval.high, rel=1e-12)
    assert pair["always_valid"]["lower"] < pair["fixed"]["lower"]


def test_where_no_estimate_may_be_shown_there_is_none_and_a_reason(company: Company) -> None:
    company.start()
    company.deliver(history(3, {"plain": 1, "question": 2}))

    (read,) = company.results().json()["metrics"]

    (pair,) = read["pairs"]
    assert (pair["status"], pair["reason"]) == ("collecting", "too_few_units")
    assert [pair[name] for name in ("estimate", "always_valid", "fixed")] == [None] * 3
    assert "10" in pair["sentence"]
    assert [(arm["n"], arm["mean"], arm["lower"]) for arm in read["arms"]] == [(3, None, None)] * 2
    assert [arm["moments"]["sum_y"] for arm in read["arms"]] == ["1", "2"]


def test_before_any_event_everything_is_zero_and_nothing_is_nan(company: Company) -> None:
    company.start()

    answer = company.results()

    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is no JSON")

    found = json.loads(answer.content, parse_constant=refuse)
    assert found["metrics"][0]["pairs"][0]["reason"] == "no_exposure"
    assert found["intake"]["exposed_units"] == 0
    assert found["backfill"] == {
        "complete": True,
        "homes_built": 0,
        "homes": 0,
        "newer_definition": False,
    }


def test_the_split_is_tested_over_all_and_day_by_day(company: Company) -> None:
    company.start()
    company.deliver([exposure(n, "plain", day=n % 3) for n in range(90)])

    found = company.results().json()

    assert found["sample_ratio"]["counts"] == [90, 0]
    assert found["sample_ratio"]["alarm"] is True
    assert [(d["day"], d["split"]["counts"]) for d in found["sample_ratio_by_day"]["days"]] == [
        ("2026-03-01", [30, 0]),
        ("2026-03-02", [30, 0]),
        ("2026-03-03", [30, 0]),
    ]
    (pair,) = found["metrics"][0]["pairs"]
    assert (pair["status"], pair["reason"]) == ("invalid", "sample_ratio_mismatch")
    assert pair["estimate"] is None


def test_the_rule_says_in_words_what_to_do(company: Company) -> None:
    company.start()
    company.deliver(history(40, {"plain": 10, "question": 30}))

    (decision,) = company.results().json()["decisions"]

    assert (decision["variant"], decision["verdict"]) == ("question", "adopt")
    assert decision["metrics"] == ["guide-downloads"]
    assert decision["sentence"].endswith(".")


def test_what_does_not_count_is_counted_and_explained(company: Company) -> None:
    company.start()
    company.deliver(
        [
            exposure(1, "plain"),
            exposure(2, "plain"),
            exposure(3, "plain"),
            exposure(3, "question", day=1),
            exposure(4, "unheard-of"),
            exposure(5, "plain", day=-30),
        ]
    )
    company.deliver([exposure(1, "plain"), exposure(1, "plain", day=1)])

    found = company.results().json()

    intake = found["intake"]
    assert (intake["exposed_units"], intake["mixed_units"]) == (2, 1)
    assert (intake["exposures"], intake["repeat_exposures"]) == (4, 1)
    assert {s["reason"]: s["exposures"] for s in intake["stray_exposures"]} == {
        "outside_period": 1,
        "unknown_variant": 1,
    }
    assert all(stray["meaning"].endswith(".") for stray in intake["stray_exposures"])
    (delivery,) = intake["deliveries"]
    assert (delivery["topic"], delivery["accepted"], delivery["duplicates"]) == ("events", 6, 2)
    assert found["mixed_share"] == pytest.approx(1 / 3)


def test_the_sentences_come_in_german_too(company: Company) -> None:
    company.start()
    company.deliver(history(40, {"plain": 10, "question": 30}))

    english, german = (_sentence(company, language) for language in ("en", "de"))

    assert "better" in english or "higher" in english or "more" in english
    assert "Prozentpunkte" in german
    assert company.results(language="fr").status_code == 422


def test_an_unchanged_reading_is_not_sent_again(company: Company) -> None:
    company.start()
    company.deliver(history(40, {"plain": 10, "question": 30}))
    tag = company.results().headers["etag"]

    unchanged = _if_none_match(company, tag)
    company.deliver([exposure(1_000, "plain")])
    changed = _if_none_match(company, tag)

    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


def test_a_draft_has_no_results_yet(company: Company) -> None:
    company.client.post("/v1/metrics", json=metric())
    company.client.post("/v1/experiments", json=experiment())

    answer = company.results()

    assert answer.status_code == 409
    assert "is a draft" in answer.json()["detail"]


def test_results_of_an_unknown_experiment_are_not_found(company: Company) -> None:
    assert company.results().status_code == 404


def test_a_stopped_experiment_is_read_under_its_newest_definition(company: Company) -> None:
    company.start()
    company.deliver(history(40, {"plain": 10, "question": 30}))
    company.client.post("/v1/experiments/spring-mail/stop", json={"reason": "done"})

    found = company.results().json()

    assert found["experiment"]["status"] == "stopped"
    assert (found["epoch"], found["backfill"]["newer_definition"]) == (1, True)


def _sentence(company: Company, language: str) -> str:
    found: Any = company.results(language=language).json()
    sentence = found["metrics"][0]["pairs"][0]["sentence"]
    assert isinstance(sentence, str)
    return sentence


def _if_none_match(company: Company, tag: str) -> Any:
    return company.client.get(
        "/v1/experiments/spring-mail/results", headers={"If-None-Match": f'"other", {tag}'}
    )
