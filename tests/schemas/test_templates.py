"""Every template is a draft that can be registered, in both languages, and says its size."""

from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import get_args

import pytest

from inference.looks import AnyTime
from inference.planning import Design, ShareBaseline, Units, detectable_effect
from schemas.caps import check_caps
from schemas.resources import ExperimentDraft, Metric
from schemas.templates import TEMPLATES
from schemas.templates.template import ExperimentTemplate, Template
from schemas.wording import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)
START = datetime(2026, 9, 1, tzinfo=UTC)

every_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
in_each_language = pytest.mark.parametrize("language", LANGUAGES)


def test_the_usual_questions_are_there() -> None:
    assert TEMPLATES.keys() == {
        *("subject-line", "landing-page", "follow-up-cadence"),
        *("offer", "channel-mix", "sales-script"),
    }


@every_template
@in_each_language
def test_a_template_is_a_draft_once_its_keys_are_filled_in(
    template: ExperimentTemplate, language: Language
) -> None:
    filled = template.filled(language)
    period = {"starts_at": START, "ends_at": START + timedelta(weeks=filled.size.weeks)}

    draft = ExperimentDraft.model_validate({**filled.draft, "key": "autumn", **period})

    metrics = {
        metric.key: Metric(**metric.model_dump(), version=1, created_at=START)
        for metric in filled.metrics
    }
    assert [use.metric for use in draft.metrics] == list(metrics)
    check_caps(draft, metrics)
    assert draft.template == template.key
    roles = [use.role for use in draft.metrics]
    assert {"primary", "secondary", "guardrail"} == set(roles)
    assert all(use.margin for use in draft.metrics if use.role == "guardrail")


@every_template
def test_what_has_to_be_filled_in_is_all_that_is_missing(template: ExperimentTemplate) -> None:
    filled = template.filled("en")

    fields = ExperimentDraft.model_fields
    required = {name for name, field in fields.items() if field.is_required()}
    assert required - filled.draft.keys() == {"key", "starts_at"}
    assert filled.fill_in[:2] == ("key", "starts_at")
    assert set(filled.fill_in) <= fields.keys()


@every_template
def test_the_period_holds_whole_weeks_and_the_longest_primary_window_or_more(
    template: ExperimentTemplate,
) -> None:
    windows = [metric.days for metric in template.primary]

    assert 7 * template.size.weeks >= max(windows)


@every_template
def test_the_change_that_shows_is_what_planning_says(template: ExperimentTemplate) -> None:
    size = template.size
    half = size.units // 2

    shows = detectable_effect(
        ShareBaseline(float(size.baseline)), Units(half, half), Design(looks=AnyTime())
    )

    assert isinstance(shows, float)
    assert round(shows, 3) == float(size.shows)


@every_template
def test_both_languages_say_something_and_not_the_same(template: ExperimentTemplate) -> None:
    english, german = template.filled("en"), template.filled("de")

    assert texts(english) != texts(german)
    assert len(texts(english)) == len(texts(german))
    assert all(text.strip() for text in (*texts(english), *texts(german)))


def texts(template: Template) -> list[str]:
    names = [str(variant["name"]) for variant in template.draft["variants"]]  # type: ignore[union-attr,index,call-overload]
    return [
        *(template.use_when, str(template.draft["hypothesis"])),
        *names,
        *(metric.meaning for metric in template.metrics),
        *template.advice,
    ]


def test_metrics_of_one_key_are_one_metric() -> None:
    drafts = sorted(
        (metric for template in TEMPLATES.values() for metric in template.filled("en").metrics),
        key=lambda metric: metric.key,
    )

    for _, same in groupby(drafts, key=lambda metric: metric.key):
        assert len({metric.model_dump_json() for metric in same}) == 1
