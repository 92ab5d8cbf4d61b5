"""Insights fit the schemas that are published, and say no more than the headline does."""

import json
from datetime import UTC, datetime
from typing import get_args

import msgspec
import pytest
from jsonschema import Draft202012Validator

from inference.statuses import Status
from schemas import insight_sentences as said
from schemas.insight_sentences import Pair, ReviewPlace
from schemas.insights import (
    INSIGHT_TYPES,
    Happening,
    Insight,
    ReadingStatus,
    decode_insight,
    encode_insight,
)
from schemas.json_schemas import json_schemas

AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
KEYS = Pair("spring-mail", "guide-downloads", "plain", "question")
NAMES = Pair("Spring mail", "Guide downloads", "Plain", "Question")
REVIEW = ReviewPlace("spring-mail", "Spring mail", 2, AT)

EVERY_KIND: tuple[Happening, ...] = (
    said.experiment_started("spring-mail", "Spring mail"),
    said.experiment_closed("spring-mail", "Spring mail"),
    said.experiment_stopped("spring-mail", "Spring mail", "the offer changed"),
    said.review_requested("spring-mail", "Spring mail", AT),
    said.review_requested("spring-mail", "Spring mail"),
    said.review_due(REVIEW, "marketing"),
    said.review_overdue(REVIEW, ["sales"]),
    said.review_overdue(REVIEW, []),
    said.decided("spring-mail", "Spring mail", "adopt", is_joint=True),
    said.decided("spring-mail", "Spring mail", "keep_looking", is_joint=False),
    said.status_changed(KEYS, NAMES, previous="collecting", status="better"),
    said.status_changed(
        KEYS, NAMES, previous="better", status="invalid", reason="sample_ratio_mismatch"
    ),
    said.alarm_of_experiment("spring-mail", "Spring mail", "too_many_mixed_units", is_raised=True),
    said.alarm_of_source("https://web.example", is_raised=False),
    said.webhook_disabled("6f1c7d0e", "crm.example", is_gone=False),
)


def written(happening: Happening) -> bytes:
    return encode_insight(Insight(id="one", time=AT, data=happening))


@pytest.mark.parametrize("happening", EVERY_KIND, ids=lambda each: type(each).__name__)
def test_what_is_written_fits_the_published_schema(happening: Happening) -> None:
    event = json.loads(written(happening))

    schema = json_schemas()[event["dataschema"].removeprefix("urn:roundtable:")]
    errors = list(Draft202012Validator(schema).iter_errors(event))

    assert errors == []
    assert schema["title"] == event["type"]


@pytest.mark.parametrize("happening", EVERY_KIND, ids=lambda each: type(each).__name__)
def test_what_is_written_can_be_read_again(happening: Happening) -> None:
    read = decode_insight(written(happening))

    assert read == Insight(id="one", time=AT, data=happening)


def test_every_type_has_been_written_above() -> None:
    assert {json.loads(written(each))["type"] for each in EVERY_KIND} == set(INSIGHT_TYPES)


def test_the_subject_is_what_it_speaks_of() -> None:
    subjects = {each.subject for each in EVERY_KIND}

    assert subjects == {
        "experiment/spring-mail",
        "source/https://web.example",
        "webhook/6f1c7d0e",
    }


def test_every_status_of_a_reading_may_be_told() -> None:
    assert set(get_args(ReadingStatus)) == {status.value for status in Status}


@pytest.mark.parametrize("status", get_args(ReadingStatus))
def test_a_status_is_told_in_both_languages_and_without_a_figure(status: ReadingStatus) -> None:
    sentence = said.status_changed(KEYS, NAMES, previous="collecting", status=status).sentence

    assert not any(character.isdigit() for character in sentence.en + sentence.de)
    assert "Spring mail" in sentence.en
    assert "gegen Plain" in sentence.de


def test_a_sentence_says_until_when_a_review_is_asked_for() -> None:
    sentence = said.review_requested("spring-mail", "Spring mail", AT).sentence

    assert "by 2026-05-04" in sentence.en
    assert "bis 04.05.2026" in sentence.de


@pytest.mark.parametrize(
    ("happening", "english", "german"),
    [
        (
            said.review_due(REVIEW, "marketing"),
            (
                "Marketing has not written its reading of “Spring mail” yet; it is asked for by "
                "2026-05-04."
            ),
            (
                "Vom Marketing fehlt noch die Lesung von „Spring mail“; erbeten ist sie bis "
                "04.05.2026."
            ),
        ),
        (
            said.review_overdue(REVIEW, ["marketing", "sales"]),
            "The review of “Spring mail” is overdue: neither side has written its reading.",
            "Der Review von „Spring mail“ ist überfällig: Die Lesungen beider Seiten fehlen.",
        ),
        (
            said.review_overdue(REVIEW, []),
            (
                "The review of “Spring mail” is overdue: both sides have written, but signed no "
                "decision together."
            ),
            (
                "Der Review von „Spring mail“ ist überfällig: Beide Lesungen liegen vor, aber "
                "keine Entscheidung, die beide unterschrieben haben."
            ),
        ),
    ],
    ids=["due", "nobody wrote", "nothing signed"],
)
def test_a_reminder_names_the_side_and_nobody_of_it(
    happening: Happening, english: str, german: str
) -> None:
    assert (happening.sentence.en, happening.sentence.de) == (english, german)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "insight.unheard_of"},
        {"source": "urn:somebody:else"},
        {"time": "2026-05-04T09:30:00"},
        {"data": {"state": "raised"}},
    ],
)
def test_what_is_no_insight_is_not_read_as_one(change: dict[str, object]) -> None:
    event = json.loads(written(said.alarm_of_source("web", is_raised=True))) | change

    with pytest.raises(msgspec.ValidationError):
        decode_insight(json.dumps(event).encode())
