"""Log lines: text or JSON, with the trace they belong to, and nothing that names a person."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span

from observability.log_lines import JsonLines, TextLines

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


@contextmanager
def logging_to(formatter: logging.Formatter) -> Iterator[tuple[logging.Logger, io.StringIO]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.Logger("stream_processors.test")
    logger.addHandler(handler)
    yield logger, stream


def the_json_of(form: str, *args: object) -> dict[str, object]:
    with logging_to(JsonLines()) as (logger, stream):
        logger.warning(form, *args)
    (line,) = stream.getvalue().splitlines()
    found: dict[str, object] = json.loads(line)
    return found


def test_the_words_of_an_event_are_fields_and_numbers_stay_numbers() -> None:
    line = the_json_of(
        "action=retry partition=%d cause=%s milliseconds=%.1f", 3, 'a "b" c=d', 12.34
    )

    assert line.pop("time")
    assert line == {
        "action": "retry",
        "partition": 3,
        "cause": 'a "b" c=d',
        "milliseconds": 12.3,
        "level": "WARNING",
        "logger": "stream_processors.test",
    }


def test_a_sentence_is_a_message() -> None:
    assert the_json_of("No connection to %s.", "Kafka")["message"] == "No connection to Kafka."


def test_an_event_cannot_speak_for_the_logger() -> None:
    assert the_json_of("action=x level=%s", "DEBUG")["level"] == "WARNING"


def test_lines_name_the_trace_they_belong_to() -> None:
    context = SpanContext(int(TRACE, 16), int(SPAN, 16), False, TraceFlags(TraceFlags.SAMPLED))
    with use_span(NonRecordingSpan(context)):
        line = the_json_of("action=applied")
        with logging_to(TextLines(process=2)) as (logger, stream):
            logger.info("action=applied")

    assert (line["trace_id"], line["span_id"]) == (TRACE, SPAN)
    assert stream.getvalue().endswith(
        f"INFO stream_processors.test [process 2] action=applied trace_id={TRACE} span_id={SPAN}\n"
    )


@pytest.mark.parametrize("formatter", [JsonLines(), TextLines()])
def test_neither_addresses_nor_rows_that_a_database_quotes_are_written(
    formatter: logging.Formatter,
) -> None:
    error = psycopg.errors.UniqueViolation(
        "duplicate key\nDETAIL:  Key (name)=(Ada Lovelace) already exists."
    )
    with logging_to(formatter) as (logger, stream):
        try:
            raise error
        except psycopg.Error:
            logger.exception("action=failed by=%s and%s", "ada%40example.com", "ada@example.com")

    text = stream.getvalue()
    assert "duplicate key" in text
    assert "UniqueViolation" in text
    assert [word for word in ("Lovelace", "example.com") if word in text] == []
