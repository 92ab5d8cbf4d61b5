"""How a process tells of itself: the format of its log, and where its traces go."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

LogFormat = Literal["text", "json"]
Exporter = Literal["otlp", "console"]

LOG_FORMAT = "ROUNDTABLE_LOG_FORMAT"
LOG_FORMAT_PURPOSE = "how log lines are written: text, or json for programs"
TRACES_EXPORTER = "OTEL_TRACES_EXPORTER"
SDK_DISABLED = "OTEL_SDK_DISABLED"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
HTTP = "http/protobuf"


class TelemetrySettingError(ValueError):
    """An environment variable asks for a format or an exporter that is not to be had."""

    def __init__(self, name: str, value: str, rule: str) -> None:
        self.name = name
        super().__init__(f"{name} is {value!r}; it must be {rule}.")


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    """`traces` None: nobody asked for them, and no span is made."""

    log_format: LogFormat = "text"
    traces: Exporter | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "TelemetrySettings":
        """Read ROUNDTABLE_LOG_FORMAT and OpenTelemetry's variables. Raises TelemetrySettingError.

        Unlike OpenTelemetry's own default, traces are made only where an exporter or an endpoint is
        named for them.
        """
        asked = _one_of(environ, LOG_FORMAT, "text", ("text", "json"))
        return cls(cast(LogFormat, asked), _traces(environ))


AS_USUAL = TelemetrySettings()


def _traces(environ: Mapping[str, str]) -> Exporter | None:
    usual = "none" if _first(environ, ENDPOINTS) is None else "otlp"
    exporter = _one_of(environ, TRACES_EXPORTER, usual, ("otlp", "console", "none"))
    if exporter == "none" or environ.get(SDK_DISABLED, "").strip().lower() == "true":
        return None
    named = _first(environ, PROTOCOLS)
    if exporter == "otlp" and named is not None and environ[named] != HTTP:
        raise TelemetrySettingError(named, environ[named], HTTP)
    return cast(Exporter, exporter)


def _one_of(environ: Mapping[str, str], name: str, usual: str, allowed: tuple[str, ...]) -> str:
    value = environ.get(name) or usual
    if value not in allowed:
        raise TelemetrySettingError(name, value, "one of " + ", ".join(allowed))
    return value


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if environ.get(name)), None)
