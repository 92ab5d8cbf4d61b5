"""What a process tells of itself is asked for by variables, and a wrong one is named."""

import pytest

from observability.settings import TelemetrySettingError, TelemetrySettings

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("environ", "traces"),
    [
        ({}, None),
        (ENDPOINT, "otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1/v1/traces"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "console"}, "console"),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, None),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "true"}, None),
    ],
)
def test_traces_are_made_only_where_they_are_asked_for(
    environ: dict[str, str], traces: str | None
) -> None:
    assert TelemetrySettings.from_env(environ) == TelemetrySettings("text", traces)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROUNDTABLE_LOG_FORMAT", "xml"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ],
)
def test_what_is_not_to_be_had_is_named(name: str, value: str) -> None:
    with pytest.raises(TelemetrySettingError, match=f"{name} is '{value}'; it must be"):
        TelemetrySettings.from_env({**ENDPOINT, name: value})


def test_json_is_a_format() -> None:
    assert TelemetrySettings.from_env({"ROUNDTABLE_LOG_FORMAT": "json"}).log_format == "json"
