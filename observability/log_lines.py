"""Log lines, as text for people or as JSON for programs, with the trace they belong to.

A message of the form "action=retry partition=%d cause=%s" is an event: in JSON its words are fields
and numbers stay numbers. What names a person is no part of any line: see `observability.redaction`.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

from observability.redaction import redacted
from observability.settings import LogFormat

_EVENT = re.compile(r"action=\S+(?: \w+=\S+)*")
_FIELD = re.compile(r"(\w+)=(\S+)")
_PLACE = re.compile(r"%[-+ #0]*\d*(?:\.\d+)?[diouxXeEfFgGcrsa]")
_TEXT = "%%(asctime)s %%(levelname)s %%(name)s%s %%(message)s"


def log_to_stderr(form: LogFormat, level: int | str, *, process: int | None = None) -> None:
    """Write the log of this process to standard error; `process`: which of several it is."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(process) if form == "json" else TextLines(process))
    logging.basicConfig(level=level, handlers=[handler])


class TextLines(logging.Formatter):
    """Lines for people."""

    def __init__(self, process: int | None = None) -> None:
        """Take which of several processes this is."""
        super().__init__(_TEXT % ("" if process is None else f" [process {process}]"))

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and below it what failed."""
        words = "".join(f" {name}={value}" for name, value in _trace().items())
        # What failed comes after the first line, so the trace is put at that line's end.
        first, _, more = super().format(record).partition("\n")
        return redacted(f"{first}{words}" + (f"\n{more}" if more else ""))


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, process: int | None = None) -> None:
        """Take which of several processes this is."""
        super().__init__()
        self._process = {} if process is None else {"process": process}

    def format(self, record: logging.LogRecord) -> str:
        """Return the object; a field that would repeat a name of ours gives way."""
        line: dict[str, object] = {
            **dict(_fields(record)),
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            **self._process,
            **_trace(),
        }
        if record.exc_info:
            line["exception"] = redacted(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def _trace() -> dict[str, str]:
    context = get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {
        "trace_id": format_trace_id(context.trace_id),
        "span_id": format_span_id(context.span_id),
    }


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, object]]:
    form, args = record.msg, record.args
    # The form and not the message: a value may hold spaces and signs of equality.
    if not (isinstance(form, str) and _EVENT.fullmatch(form)) or isinstance(args, Mapping):
        yield "message", redacted(record.getMessage())
        return
    rest = iter(args or ())
    for name, place in _FIELD.findall(form):
        yield name, _value(place, rest)


def _value(place: str, rest: Iterator[object]) -> object:
    if place in {"%d", "%i", "%s"}:
        value = next(rest)
        return value if isinstance(value, int | float) else redacted(str(value))
    if (count := len(_PLACE.findall(place))) == 0:
        return place
    shown = place % tuple(next(rest) for _ in range(count))
    return float(shown) if place[-1] in "eEfFgG" and count == 1 else redacted(shown)
